// Starts a process under what the operating system can enforce, and asks it what it has used.
//
// Swift may not run between fork and exec, so this is C. On Linux: a session of its own, placed and closed
// descriptors, no new privileges, rlimits, Landlock and seccomp; elsewhere: session, descriptors and rlimits.
// What could be put in force is reported for every start; a missing layer is no error here.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// How much a process may ask of the system.
enum lab_profile {
  /// The kit's own tools: limits and a session, no further rules.
  LAB_TRUSTED = 0,
  /// A compiler or a linker that reads files we do not trust: files by rule, no network, no debugging.
  LAB_COMPILER = 1,
  /// A worker linked statically: pipes and memory, nothing else.
  LAB_STATIC_WORKER = 2,
  /// A worker that loads shared libraries: as above, and it may open what the file rules allow.
  LAB_DYNAMIC_WORKER = 3,
};

/// One bit for each layer of confinement.
enum lab_layer {
  /// A session and process group of its own, so that one signal ends it with all it started.
  LAB_SESSION = 1,
  /// Only the given descriptors, default signal actions, only the given environment.
  LAB_CLEAN_START = 2,
  /// rlimits: memory, processor time, file size, descriptors, no core file.
  LAB_LIMITS = 4,
  /// No set-user-id program can raise its rights (Linux `PR_SET_NO_NEW_PRIVS`).
  LAB_NO_NEW_PRIVILEGES = 8,
  /// It dies with the grader (Linux `PR_SET_PDEATHSIG`).
  LAB_DEATH_SIGNAL = 16,
  /// Files by rule (Linux Landlock).
  LAB_FILE_RULES = 32,
  /// System calls by rule (Linux seccomp).
  LAB_CALL_RULES = 64,
};

/// What a process may do below a path.
enum lab_access {
  LAB_READ = 1,
  LAB_EXECUTE = 2,
  LAB_WRITE = 4,
};

struct lab_path {
  const char *path;
  /// Bits of `lab_access`.
  int access;
};

struct lab_start {
  enum lab_profile profile;
  /// The program, when `executable` is -1.
  const char *path;
  /// A descriptor of the program, or -1. Needed by the worker profiles on Linux.
  int executable;
  /// NULL-terminated.
  char *const *arguments;
  /// NULL-terminated; the whole environment.
  char *const *environment;
  /// The working directory, or NULL to stay.
  const char *directory;
  /// The process's descriptors 0 to 4; -1 is /dev/null for 0 to 2 and closed for 3 and 4.
  int descriptors[5];
  /// Limits; 0 leaves one as it is, except for `file_bytes`, where UINT64_MAX does.
  uint64_t memory_bytes;
  uint64_t processor_seconds;
  uint64_t file_bytes;
  uint64_t open_files;
  /// File rules; unused by `LAB_TRUSTED`.
  const struct lab_path *paths;
  int path_count;
  /// Puts every layer in force and ends with exit code 0 instead of executing anything.
  int probe;
};

struct lab_started {
  pid_t pid;
  /// Bits of `lab_layer` that are in force.
  uint32_t layers;
  /// Version of Landlock's interface, 0 when there is none.
  int landlock;
  /// 0, or the error number of the step that failed; then there is no process.
  int error;
  /// What was being done, for a message; static text.
  const char *step;
};

/// Starts a process; answers 0, or -1 with `error` and `step` set.
int lab_spawn(const struct lab_start *start, struct lab_started *started);

/// Processor time that a running or unreaped process has used, in nanoseconds; -1 when it cannot be read.
int64_t lab_processor_time(pid_t pid);

/// Whether the process sleeps: 1 or 0; 1 too where that cannot be known.
int lab_is_asleep(pid_t pid);

enum lab_ending { LAB_RUNNING = 0, LAB_EXITED = 1, LAB_SIGNALLED = 2, LAB_LOST = 3 };

/// Says whether a child has ended, without reaping it; `code` is its exit code or signal number.
enum lab_ending lab_peek(pid_t pid, int *code);

/// Ends a child with its process group and reaps it; answers how it had ended and its exit code or signal number.
enum lab_ending lab_end(pid_t pid, int *code);

/// Makes a pipe whose ends no child inherits; answers 0 or an error number.
int lab_pipe(int ends[2]);

/// Lets a pipe hold more, where the system can; fewer switches between its two ends follow.
void lab_widen_pipe(int end);
