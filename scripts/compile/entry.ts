/** Where the executable begins. */
import "./no_writing.ts";
import "../../src/main.ts";
