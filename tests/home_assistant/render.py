"""Renders Jinja templates as Home Assistant renders value templates of MQTT entities.

Reads a JSON array of [template, payload] from standard input, and writes one of the results. What the payload lacks is
an error here, where Home Assistant would log one and show nothing.
"""

import json
import sys

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def render(template: str, payload: str) -> str:
    return environment.from_string(template).render(value=payload, value_json=json.loads(payload)).strip()


json.dump([render(template, payload) for template, payload in json.load(sys.stdin)], sys.stdout)
