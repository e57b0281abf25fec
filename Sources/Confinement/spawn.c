// Fork, put every layer in force, execute. Between fork and exec only async-signal-safe calls are made.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Confinement.h"
#include "layers.h"

#ifdef __linux__
#include <sys/personality.h>
#include <sys/prctl.h>
#endif

/// What the child tells its parent before it becomes another program, or instead of doing so.
struct message {
  uint32_t layers;
  int error;
  int step;
};

enum step { STEP_NONE, STEP_SESSION, STEP_DESCRIPTORS, STEP_DIRECTORY, STEP_LIMITS, STEP_EXECUTE };

static const char *const step_names[] = {
    "", "opening a session", "placing its descriptors", "entering its directory",
    "setting its limits", "executing it",
};

static void fail(int status, uint32_t layers, enum step step) {
  struct message message = {.layers = layers, .error = errno ? errno : EINVAL, .step = step};
  ssize_t written = write(status, &message, sizeof message);
  (void)written;
  _exit(127);
}

/// Marks every descriptor from `first` on to be closed on exec.
static void close_on_exec_from(int first) {
#ifdef __linux__
  // close_range with CLOSE_RANGE_CLOEXEC; its number is the same on every architecture.
  if (syscall(436, first, ~0U, 4) == 0) return;
#endif
  struct rlimit limit;
  int last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur
                                                                             : 65536;
  for (int fd = first; fd < last; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// Sets the soft limit to `value` and the hard one `grace` above it, never above what is in force already.
static int limit(int resource, uint64_t value, uint64_t grace) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return -1;
  uint64_t hard = value + grace;
  if (limit.rlim_max != RLIM_INFINITY && hard > limit.rlim_max) hard = limit.rlim_max;
  limit.rlim_cur = value < hard ? value : hard;
  limit.rlim_max = hard;
  return setrlimit(resource, &limit);
}

static int set_limits(const struct lab_start *start) {
  int failed = limit(RLIMIT_CORE, 0, 0);
#ifdef __linux__
  if (start->memory_bytes) failed |= limit(RLIMIT_AS, start->memory_bytes, 0);
#else
  // Elsewhere the address space is full of shared caches; a limit on it would stop every program.
  if (start->memory_bytes) limit(RLIMIT_DATA, start->memory_bytes, 0);
#endif
  if (start->processor_seconds) failed |= limit(RLIMIT_CPU, start->processor_seconds, 1);
  if (start->file_bytes != UINT64_MAX) failed |= limit(RLIMIT_FSIZE, start->file_bytes, 0);
  if (start->open_files) failed |= limit(RLIMIT_NOFILE, start->open_files, 0);
  return failed;
}

/// Puts `fds` at 0 to 4 and the program at its own high number; answers 0, or -1.
static int place_descriptors(const struct lab_start *start, int *status, int *ruleset,
                             int *executable) {
  // Room above the ordinary numbers, so that placing one descriptor cannot overwrite another's source.
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return -1;
  if (files.rlim_cur < 2048) {
    files.rlim_cur = files.rlim_max == RLIM_INFINITY || files.rlim_max > 2048 ? 2048
                                                                              : files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) return -1;
  }
  int sources[5];
  for (int i = 0; i < 5; i++) {
    sources[i] = -1;
    int source = start->descriptors[i];
    if (source < 0 && i < 3) source = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (source < 0 && i < 3) return -1;
    if (source >= 0 && (sources[i] = fcntl(source, F_DUPFD_CLOEXEC, 100)) < 0) return -1;
  }
  if ((*status = fcntl(*status, F_DUPFD_CLOEXEC, 100)) < 0) return -1;
  if (*ruleset >= 0 && (*ruleset = fcntl(*ruleset, F_DUPFD_CLOEXEC, 100)) < 0) return -1;
  if (*executable >= 0) {
    int high = fcntl(*executable, F_DUPFD_CLOEXEC, LAB_EXECUTABLE);
    if (high < 0) return -1;
    if (high != LAB_EXECUTABLE) {
      // Something of the parent's is there; it is of no use to the child.
      if (dup2(high, LAB_EXECUTABLE) < 0) return -1;
    }
    *executable = LAB_EXECUTABLE;
  }
  for (int i = 0; i < 5; i++) {
    if (sources[i] < 0) {
      close(i);
    } else if (dup2(sources[i], i) < 0) {
      return -1;
    }
  }
  close_on_exec_from(5);
  return 0;
}

static void default_signals(void) {
  for (int number = 1; number < NSIG; number++) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child(const struct lab_start *start, int status, int ruleset, pid_t parent) {
  uint32_t layers = 0;
  int executable = start->executable;
  if (setsid() < 0) fail(status, layers, STEP_SESSION);
  layers |= LAB_SESSION;
  if (place_descriptors(start, &status, &ruleset, &executable) != 0)
    fail(status, layers, STEP_DESCRIPTORS);
  default_signals();
  layers |= LAB_CLEAN_START;
  if (start->directory && chdir(start->directory) != 0) fail(status, layers, STEP_DIRECTORY);
#ifdef __linux__
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) layers |= LAB_DEATH_SIGNAL;
  if (getppid() != parent) _exit(127);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) layers |= LAB_NO_NEW_PRIVILEGES;
  // The same addresses in every worker, so that what depends on them is the same in every run. Some containers forbid it.
  if (start->profile == LAB_STATIC_WORKER || start->profile == LAB_DYNAMIC_WORKER)
    personality(ADDR_NO_RANDOMIZE);
#else
  (void)parent;
#endif
  if (set_limits(start) != 0) fail(status, layers, STEP_LIMITS);
  layers |= LAB_LIMITS;
  if (ruleset >= 0 && lab_landlock_enforce(ruleset) == 0) layers |= LAB_FILE_RULES;

  // A failing filter changes nothing, so it may be the last step before the report; the report comes after
  // it because `write` to the status pipe is among the allowed calls.
  if (start->profile != LAB_TRUSTED && lab_seccomp_enforce(start->profile) == 0)
    layers |= LAB_CALL_RULES;
  struct message message = {.layers = layers};
  if (write(status, &message, sizeof message) != sizeof message) _exit(127);
  if (start->probe) _exit(0);
#ifdef __linux__
  if (executable >= 0)
    syscall(SYS_execveat, executable, "", start->arguments, start->environment, AT_EMPTY_PATH);
  else
#endif
    execve(start->path, start->arguments, start->environment);
  fail(status, layers, STEP_EXECUTE);
}

int lab_pipe(int ends[2]) {
#ifdef __linux__
  return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
#else
  if (pipe(ends) != 0) return errno;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

void lab_widen_pipe(int end) {
#ifdef F_SETPIPE_SZ
  fcntl(end, F_SETPIPE_SZ, 1 << 18);
#else
  (void)end;
#endif
}

static int refuse(struct lab_started *started, int error, const char *step) {
  started->pid = -1;
  started->error = error;
  started->step = step;
  return -1;
}

/// Reads one message; answers the number of bytes that came before the end of the pipe.
static size_t receive(int fd, struct message *message) {
  size_t got = 0;
  while (got < sizeof *message) {
    ssize_t n = read(fd, (char *)message + got, sizeof *message - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += (size_t)n;
  }
  return got;
}

int lab_spawn(const struct lab_start *start, struct lab_started *started) {
  *started = (struct lab_started){.pid = -1, .step = ""};
  int ends[2];
  int error = lab_pipe(ends);
  if (error) return refuse(started, error, "making a pipe");
  int ruleset = -1;
  if (start->profile != LAB_TRUSTED) ruleset = lab_landlock_prepare(start, &started->landlock);

  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    child(start, ends[1], ruleset, parent);
  }
  error = errno;
  close(ends[1]);
  if (ruleset >= 0) close(ruleset);
  if (pid < 0) {
    close(ends[0]);
    return refuse(started, error, "forking");
  }

  // One message says what is in force; a second follows only if the program could not be executed.
  struct message message = {0};
  struct message failure = {0};
  size_t got = receive(ends[0], &message);
  if (got == sizeof message && !message.error) {
    if (receive(ends[0], &failure) == sizeof failure) message = failure;
  }
  close(ends[0]);
  if (got != sizeof message || message.error) {
    int code;
    lab_end(pid, &code);
    int step = message.step >= 0 && message.step <= STEP_EXECUTE ? message.step : STEP_NONE;
    return refuse(started, message.error ? message.error : ECHILD, step_names[step]);
  }
  started->pid = pid;
  started->layers = message.layers;
  return 0;
}
