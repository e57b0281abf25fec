#!/usr/bin/env bash
# Gradescope runs this once, when the autograder's image is built (Ubuntu 22.04 or 24.04, x86-64).
#
# Make the zip to upload with setup.sh and run_autograder at its root and the kit in the folder `kit`:
#   git clone … kit && cp kit/grading/ci/gradescope/{setup.sh,run_autograder} . && zip -r autograder.zip setup.sh run_autograder kit
# Written for Gradescope and not yet tried there.
set -euo pipefail

swift_version=6.3.1
. /etc/os-release # VERSION_ID, for example 22.04

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends \
  binutils ca-certificates curl gcc git jq libc6-dev libcurl4-openssl-dev libedit2 libncurses-dev \
  libpython3-dev libsqlite3-0 libstdc++-11-dev libxml2-dev libz3-dev pkg-config tzdata zlib1g-dev

# The toolchain of swift.org; compare its signature where your rules ask for it (swift.org/install/linux).
name="swift-$swift_version-RELEASE-ubuntu$VERSION_ID"
url="https://download.swift.org/swift-$swift_version-release/ubuntu${VERSION_ID//./}/swift-$swift_version-RELEASE/$name.tar.gz"
mkdir -p /opt/swift
curl -fsSL "$url" | tar -xz --strip-components=1 -C /opt/swift
ln -sf /opt/swift/usr/bin/swift /usr/local/bin/swift

# Built here, and run once so that the worker's objects are there: a submission then waits for its own code alone.
cp -R /autograder/source/kit /autograder/kit
cd /autograder/kit
swift build --product grade
swift run --skip-build grade > /dev/null

# The student's code runs confined; these are for what the machine's kernel does not enforce.
chmod -R go-rwx /autograder/source
