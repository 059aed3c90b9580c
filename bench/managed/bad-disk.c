/*
 * A disk that turns bad under a running process (LD_PRELOAD): what is below TANDEM_BAD_DISK is slow or refused as the first byte of the file
 * TANDEM_BAD_DISK_STATE says. w: well. s: a sync takes 2 s. r: read-only, as after an error of the card, with files open.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Looked up once: in a child between fork and exec the linker's lock may be held for ever. */
#define FOUND(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REAL(name) (real_##name != NULL ? real_##name : FOUND(name))
#define EACH(what) \
  what(fsync) what(fdatasync) what(write) what(pwrite) what(pwrite64) what(writev) what(pwritev) what(pwritev64) \
  what(open) what(open64) what(openat) what(openat64) what(rename) what(mkdir) what(unlink)
#define DECLARE(name) static __typeof__(&name) real_##name;
#define LOOK_UP(name) real_##name = FOUND(name);
EACH(DECLARE)

static const volatile char *shared;
static const char *disk;

__attribute__((constructor)) static void begin(void) {
  EACH(LOOK_UP)
  const char *file = getenv("TANDEM_BAD_DISK_STATE");
  disk = getenv("TANDEM_BAD_DISK");
  if (file == NULL || disk == NULL) return;
  int fd = REAL(open)(file, O_RDONLY);
  if (fd < 0) return;
  void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) shared = page;
  close(fd);
}

static char state(void) { return shared == NULL ? 'w' : *shared; }
static int is_below(const char *path) { return path != NULL && disk != NULL && strncmp(path, disk, strlen(disk)) == 0; }

static int is_on_disk(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static int refused(void) {
  errno = EROFS;
  return -1;
}

#define SYNC(name)                                                   \
  int name(int fd) {                                                 \
    if (state() == 'r' && is_on_disk(fd)) return refused();          \
    if (state() == 's' && is_on_disk(fd)) usleep(2000000);           \
    return REAL(name)(fd);                                           \
  }
SYNC(fsync)
SYNC(fdatasync)

#define WRITE(name, parameters, arguments)                           \
  ssize_t name parameters {                                          \
    if (state() == 'r' && is_on_disk(fd)) return refused();          \
    return REAL(name) arguments;                                     \
  }
WRITE(write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
WRITE(pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
WRITE(pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
WRITE(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))

#define OPEN(name, parameters, directory)                            \
  int name parameters {                                              \
    va_list rest;                                                    \
    va_start(rest, flags);                                           \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0; \
    va_end(rest);                                                    \
    if (state() == 'r' && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && is_below(path)) return refused(); \
    return REAL(name)(directory path, flags, mode);                  \
  }
#define NONE
#define AT at,
OPEN(open, (const char *path, int flags, ...), NONE)
OPEN(open64, (const char *path, int flags, ...), NONE)
OPEN(openat, (int at, const char *path, int flags, ...), AT)
OPEN(openat64, (int at, const char *path, int flags, ...), AT)

int rename(const char *from, const char *to) { return state() == 'r' && is_below(to) ? refused() : REAL(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { return state() == 'r' && is_below(path) ? refused() : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return state() == 'r' && is_below(path) ? refused() : REAL(unlink)(path); }
