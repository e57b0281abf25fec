// The two layers that only Linux has, prepared in the parent and put in force in the child.
#pragma once

#include "Confinement.h"

/// Makes a Landlock ruleset for the paths; answers its descriptor, or -1 when the kernel has none.
int lab_landlock_prepare(const struct lab_start *start, int *version);

/// Puts a ruleset in force; answers 0, or -1. Async-signal-safe.
int lab_landlock_enforce(int ruleset);

/// Puts the profile's system call rules in force; answers 0, or -1. Async-signal-safe.
int lab_seccomp_enforce(enum lab_profile profile);

/// The descriptor that a worker is executed from: above its limit on descriptors, so that it cannot be made again.
#define LAB_EXECUTABLE 1000
