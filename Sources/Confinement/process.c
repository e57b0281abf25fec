// Asks after a child process and ends it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "Confinement.h"

#ifdef __APPLE__
#include <libproc.h>
#include <mach/mach_time.h>
#include <sys/resource.h>
#endif

int64_t lab_processor_time(pid_t pid) {
#ifdef __APPLE__
  struct rusage_info_v2 usage;
  if (proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&usage) != 0) return -1;
  mach_timebase_info_data_t base;
  mach_timebase_info(&base);
  return (int64_t)((usage.ri_user_time + usage.ri_system_time) * base.numer / base.denom);
#else
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
#endif
}

int lab_is_asleep(pid_t pid) {
#ifdef __APPLE__
  (void)pid;
  return 1;
#else
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 1;
  char text[256];
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return 1;
  text[count] = 0;
  // The name before the state may hold anything, brackets and blanks too.
  const char *state = strrchr(text, ')');
  return state == NULL || state[1] != ' ' || (state[2] != 'R' && state[2] != 'D');
#endif
}

enum lab_ending lab_peek(pid_t pid, int *code) {
  siginfo_t info = {0};
  *code = 0;
  int result;
  do {
    result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return LAB_LOST;
  if (info.si_pid == 0) return LAB_RUNNING;
  *code = info.si_status;
  return info.si_code == CLD_EXITED ? LAB_EXITED : LAB_SIGNALLED;
}

enum lab_ending lab_end(pid_t pid, int *code) {
  enum lab_ending ending = lab_peek(pid, code);
  // The group before the leader is reaped: until then its number cannot belong to anyone else.
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  int status;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ending;
}
