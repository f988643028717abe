# Sourced by the scripts that build virtual machines and images: packages of another Debian release or architecture,
# which the host is not told about and which are never installed on it.
# shellcheck shell=bash

# debian RELEASE ARCH FOLDER: from now on `download` takes packages of that release (12 or 13) and architecture; apt's
# state is kept in FOLDER.
debian() {
  local release=$1 arch=$2 state=$3 mirror
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  APT=(-o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status"
    -o "Dir::Cache=$state/cache" -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  if [ "$release" = 13 ]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Origin: Debian' | head -n 1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian/} trixie main" \
      >"$state/sources.list"
    # the tools that build modules run on the host
    APT+=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=-
      -o "APT::Architectures::=$(dpkg --print-architecture)")
  fi
  [ -n "$(ls "$state"/lists/*Packages* 2>/dev/null)" ] || apt-get "${APT[@]}" update -qq
}

# download FOLDER PACKAGE…: those that FOLDER lacks.
download() {
  local folder=$1 package missing=()
  shift
  for package; do
    compgen -G "$folder/${package%:*}_*.deb" >/dev/null || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || (cd "$folder" && apt-get "${APT[@]}" download -qq "${missing[@]}")
}

# install_tools PACKAGE…: on the host, where they are missing (NOINSTALL=1: they are there).
install_tools() {
  local package missing=()
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if ((${#missing[@]} == 0)) || [ "${NOINSTALL:-0}" != 0 ]; then return; fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null; }
}

# up_to_date FILE SCRIPT: whether this very SCRIPT has made FILE (FORCE=1: make it again).
up_to_date() {
  [ "${FORCE:-0}" = 0 ] && [ -s "$1" ] && [ "$(cat "$1.made-by" 2>/dev/null)" = "$(sha256sum <"$2")" ]
}

# archive FOLDER FILE SCRIPT: packs FOLDER as FILE, an initramfs. Uncompressed: an emulated guest takes seconds to
# decompress.
archive() {
  (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
  mv "$2.new" "$2"
  sha256sum <"$3" >"$2.made-by"
}
