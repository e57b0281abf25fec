// File rules by Landlock (Linux 5.13 and later). The structures are declared here because the headers of
// older distributions lack them; the numbers are the kernel's stable interface (include/uapi/linux/landlock.h).
#define _GNU_SOURCE
#include "layers.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  CALL_CREATE_RULESET = 444,
  CALL_ADD_RULE = 445,
  CALL_RESTRICT_SELF = 446,
  CREATE_RULESET_VERSION = 1,
  RULE_PATH_BENEATH = 1,
};

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_DIR (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)

struct ruleset_attributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

struct path_beneath_attributes {
  uint64_t allowed_access;
  int32_t parent_fd;
} __attribute__((packed));

static int add_rule(int ruleset, int fd, int access, uint64_t handled) {
  struct stat status;
  uint64_t allowed = 0;
  if (access & LAB_READ) allowed |= FS_READ_FILE | FS_READ_DIR;
  if (access & LAB_EXECUTE) allowed |= FS_EXECUTE;
  if (access & LAB_WRITE)
    allowed |= FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
               FS_REFER | FS_TRUNCATE;
  if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode))
    allowed &= FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE;
  struct path_beneath_attributes rule = {.allowed_access = allowed & handled, .parent_fd = fd};
  return (int)syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

int lab_landlock_prepare(const struct lab_start *start, int *version) {
  long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
  *version = abi < 0 ? 0 : (int)abi;
  if (abi < 1) return -1;

  uint64_t files = (1ULL << 13) - 1;
  if (abi >= 2) files |= FS_REFER;
  if (abi >= 3) files |= FS_TRUNCATE;
  if (abi >= 5) files |= FS_IOCTL_DEV;
  struct ruleset_attributes attributes = {.handled_access_fs = files};
  size_t size = sizeof(uint64_t);
  if (abi >= 4) {
    attributes.handled_access_net = 3;  // TCP: bind and connect.
    size = 2 * sizeof(uint64_t);
  }
  if (abi >= 6) {
    attributes.scoped = 3;  // Abstract Unix sockets and signals stay inside.
    size = 3 * sizeof(uint64_t);
  }
  int ruleset = (int)syscall(CALL_CREATE_RULESET, &attributes, size, 0);
  if (ruleset < 0) return -1;

  // The program itself, by its descriptor: whoever exchanges the file has not exchanged what is executed.
  if (start->executable >= 0 &&
      add_rule(ruleset, start->executable, LAB_READ | LAB_EXECUTE, files) != 0) {
    close(ruleset);
    return -1;
  }
  for (int i = 0; i < start->path_count; i++) {
    int fd = open(start->paths[i].path, O_PATH | O_CLOEXEC);
    if (fd < 0) continue;  // What is not there needs no rule.
    int added = add_rule(ruleset, fd, start->paths[i].access, files);
    close(fd);
    if (added != 0) {
      close(ruleset);
      return -1;
    }
  }
  return ruleset;
}

int lab_landlock_enforce(int ruleset) {
  return syscall(CALL_RESTRICT_SELF, ruleset, 0) == 0 ? 0 : -1;
}

#else

int lab_landlock_prepare(const struct lab_start *start, int *version) {
  (void)start;
  *version = 0;
  return -1;
}

int lab_landlock_enforce(int ruleset) {
  (void)ruleset;
  return -1;
}

#endif
