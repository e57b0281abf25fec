// System call rules by seccomp (Linux). A worker gets a list of what it may call; a compiler, which starts
// programs and writes files, a list of what it may not.
#define _GNU_SOURCE
#include "layers.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_rseq
#if defined(__x86_64__)
#define __NR_rseq 334
#else
#define __NR_rseq 293
#endif
#endif

/// Memory, pipes, time and its own end: what a Swift program without files or threads lives on.
static const int worker_may[] = {
    __NR_read, __NR_write, __NR_futex, __NR_mmap, __NR_munmap, __NR_madvise, __NR_mprotect,
    __NR_mremap, __NR_brk, __NR_readv, __NR_writev, __NR_close, __NR_fstat, __NR_lseek,
    __NR_pread64, __NR_clock_gettime, __NR_clock_getres, __NR_nanosleep,
    __NR_clock_nanosleep, __NR_sched_yield, __NR_sched_getaffinity, __NR_rt_sigaction,
    __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigsuspend, __NR_sigaltstack,
    __NR_set_tid_address, __NR_set_robust_list, __NR_rseq, __NR_exit, __NR_exit_group, __NR_gettid,
    __NR_getpid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname, __NR_sysinfo,
    __NR_ppoll, __NR_gettimeofday, __NR_readlinkat, __NR_restart_syscall,
#if defined(__x86_64__)
    // The Swift runtime looks for its own path and aborts when that is refused.
    __NR_readlink, __NR_arch_prctl, __NR_poll, __NR_time,
#endif
};

/// Ways to name a file; a worker that loads libraries needs them, under Landlock's rules.
static const int names_files[] = {
    __NR_openat, __NR_newfstatat, __NR_faccessat,
#if defined(__x86_64__)
    __NR_open, __NR_access, __NR_stat, __NR_lstat,
#endif
};

/// What a compiler has no business with: the network, other processes, the machine.
static const int compiler_may_not[] = {
    __NR_socket, __NR_connect, __NR_bind, __NR_ptrace, __NR_process_vm_readv,
    __NR_process_vm_writev, __NR_kill, __NR_bpf, __NR_perf_event_open, __NR_keyctl, __NR_add_key,
    __NR_request_key, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_unshare,
    __NR_setns, __NR_init_module, __NR_finit_module, __NR_kexec_load, __NR_reboot,
    __NR_shmget, __NR_msgget, __NR_semget, __NR_mq_open, __NR_setpriority,
    425 /* io_uring_setup */, 434 /* pidfd_open */, 438 /* pidfd_getfd */,
};

enum { CAPACITY = 256 };

struct program {
  struct sock_filter code[CAPACITY];
  unsigned short length;
};

static void emit(struct program *p, unsigned short code, unsigned char yes, unsigned char no,
                 unsigned int k) {
  if (p->length < CAPACITY)
    p->code[p->length++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void answer(struct program *p, unsigned int action) {
  emit(p, BPF_RET | BPF_K, 0, 0, action);
}

static void load(struct program *p, unsigned int offset) {
  emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

/// Answers `action` when the loaded call number is `number`.
static void rule(struct program *p, int number, unsigned int action) {
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned int)number);
  answer(p, action);
}

/// Allows call `number` when the low half of argument `index` is `value`; answers `otherwise` if it is not.
static void rule_argument(struct program *p, int number, int index, unsigned int value,
                          unsigned int otherwise) {
  unsigned int offset = offsetof(struct seccomp_data, args) + 8 * (unsigned int)index;
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (unsigned int)number);
  load(p, offset);
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, otherwise);
}

static unsigned int refuse(int error) { return SECCOMP_RET_ERRNO | (unsigned int)error; }

/// Reading limits is harmless; setting them is what must not be: the third argument points to the new value.
static void reading_limits(struct program *p) {
  unsigned int pointer = offsetof(struct seccomp_data, args) + 8 * 2;
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, (unsigned int)__NR_prlimit64);
  load(p, pointer);
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
  load(p, pointer + 4);
  emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, refuse(EPERM));
}

static void worker_rules(struct program *p, int opens_files) {
  for (size_t i = 0; i < sizeof worker_may / sizeof *worker_may; i++)
    rule(p, worker_may[i], SECCOMP_RET_ALLOW);
  for (size_t i = 0; i < sizeof names_files / sizeof *names_files; i++)
    rule(p, names_files[i], opens_files ? SECCOMP_RET_ALLOW : refuse(EACCES));
  // Threads and processes: a program that asks is told that there are no resources for one.
  rule(p, __NR_clone, refuse(EAGAIN));
  rule(p, __NR_clone3, refuse(ENOSYS));
  // Randomness, by which a submission's score would differ from run to run: the C library does without.
  rule(p, __NR_getrandom, refuse(ENOSYS));
  rule(p, __NR_ioctl, refuse(ENOTTY));
  reading_limits(p);
  // abort() signals its own thread.
  rule_argument(p, __NR_tgkill, 0, (unsigned int)getpid(), SECCOMP_RET_KILL_PROCESS);
  // The one start of the worker itself. Its descriptor closes with it and is above the limit for new ones.
  rule_argument(p, __NR_execveat, 0, LAB_EXECUTABLE, SECCOMP_RET_KILL_PROCESS);
  answer(p, SECCOMP_RET_KILL_PROCESS);
}

static void compiler_rules(struct program *p) {
  for (size_t i = 0; i < sizeof compiler_may_not / sizeof *compiler_may_not; i++)
    rule(p, compiler_may_not[i], refuse(EPERM));
  // Compiler drivers put their jobs in groups of their own; ours must stay where one signal reaches all.
  rule(p, __NR_setpgid, refuse(0));
  rule(p, __NR_setsid, refuse(EPERM));
  answer(p, SECCOMP_RET_ALLOW);
}

int lab_seccomp_enforce(enum lab_profile profile) {
  struct program p = {.length = 0};
  load(&p, offsetof(struct seccomp_data, arch));
  emit(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, THIS_ARCHITECTURE);
  answer(&p, SECCOMP_RET_KILL_PROCESS);
  load(&p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
  // Numbers of the x32 interface would pass by every rule below.
  emit(&p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
  answer(&p, SECCOMP_RET_KILL_PROCESS);
#endif
  if (profile == LAB_COMPILER)
    compiler_rules(&p);
  else
    worker_rules(&p, profile == LAB_DYNAMIC_WORKER);
  struct sock_fprog program = {.len = p.length, .filter = p.code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : -1;
}

#else

int lab_seccomp_enforce(enum lab_profile profile) {
  (void)profile;
  return -1;
}

#endif
