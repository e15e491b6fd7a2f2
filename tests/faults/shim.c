/* Stands between a process and the C library (LD_PRELOAD): fails the Nth call of a kind below one folder, kills the
   process there, and writes down every change so that a power cut can be played afterwards. Nothing happens until
   faults_arm() is called. Whatever the C library does inside itself (fopen's own reads) is not seen. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, WRITE, FSYNC, RENAME, READ, OPEN, UNLINK, MKDIR, KINDS, ANY };

static char prefix[4096];
static int kind = NONE, error, lasting, journal = -1;
static long left, seen[KINDS];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* `which`: the kind that fails from its `nth` call on (once, or always after if `always`); error 0 kills instead. */
void faults_arm(const char *folder, int which, long nth, int code, int always, int log) {
    memset(seen, 0, sizeof seen);
    snprintf(prefix, sizeof prefix, "%s", folder);
    kind = which, left = nth, error = code, lasting = always, journal = log;
}

long faults_seen(int which) { return seen[which]; }

static int below(const char *path) {
    size_t size = strlen(prefix);
    return size && !strncmp(path, prefix, size) && (path[size] == '/' || !path[size]);
}

static int path_of(int fd, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, out, 4095);
    out[size < 0 ? 0 : size] = 0;
    return size > 0 && below(out);
}

static int full(int folder, const char *path, char *out) {
    if (!*prefix || !path) return 0;
    if (path[0] == '/') snprintf(out, 4096, "%s", path);
    else {
        char base[4096];
        if (folder == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
        else path_of(folder, base);
        if (snprintf(out, 4096, "%s/%s", base, path) >= 4096) return 0;
    }
    return below(out);
}

/* Whether this call is to fail; dies where it is to be killed. */
static int fails(int which) {
    int now = 0;
    pthread_mutex_lock(&turn);
    seen[which]++;
    if ((kind == which || kind == ANY) && left >= 0 && (lasting ? left-- <= 0 : left-- == 0)) {
        if (lasting) left = 0;
        if (!error) raise(SIGKILL);
        errno = error, now = 1;
    }
    pthread_mutex_unlock(&turn);
    return now;
}

static void note(char what, uint64_t inode, uint64_t at, const char *path, const char *other, const void *data,
                 size_t size) {
    if (journal < 0) return;
    int kept = errno;
    struct __attribute__((packed)) { char what; uint64_t inode, at; uint32_t path, other, data; } head =
        {what, inode, at, path ? strlen(path) : 0, other ? strlen(other) : 0, size};
    struct iovec parts[4] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other},
                             {(void *)data, size}};
    pthread_mutex_lock(&turn);
    REAL(writev)(journal, parts, 4);
    pthread_mutex_unlock(&turn);
    errno = kept;
}

static uint64_t inode_of(int fd) {
    struct stat state;
    return fstat(fd, &state) ? 0 : state.st_ino;
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char name[4096];
    int makes = flags & (O_CREAT | O_WRONLY | O_RDWR) && (flags & O_TMPFILE) != O_TMPFILE && full(folder, path, name);
    int there = makes && !access(name, F_OK);
    if (makes && fails(OPEN)) return -1;
    int fd = REAL(openat)(folder, path, flags, mode);
    if (fd >= 0 && makes) {
        if (!there) note('C', inode_of(fd), 0, name, 0, 0, 0);
        else if (flags & O_TRUNC) note('T', inode_of(fd), 0, 0, 0, 0, 0);
    }
    return fd;
}

#define MODE(flags) mode_t mode = 0; if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }

static ssize_t wrote(int fd, ssize_t size, int64_t at, const void *data) {
    if (size > 0) note('W', inode_of(fd), at < 0 ? lseek(fd, 0, SEEK_CUR) - size : at, 0, 0, data, size);
    return size;
}

ssize_t write(int fd, const void *data, size_t size) {
    char name[4096];
    if (!*prefix || !path_of(fd, name)) return REAL(write)(fd, data, size);
    return fails(WRITE) ? -1 : wrote(fd, REAL(write)(fd, data, size), -1, data);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    char name[4096];
    if (!*prefix || !path_of(fd, name)) return REAL(pwrite64)(fd, data, size, at);
    return fails(WRITE) ? -1 : wrote(fd, REAL(pwrite64)(fd, data, size, at), at, data);
}
ssize_t read(int fd, void *data, size_t size) {
    char name[4096];
    return *prefix && path_of(fd, name) && fails(READ) ? -1 : REAL(read)(fd, data, size);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    char name[4096];
    return *prefix && path_of(fd, name) && fails(READ) ? -1 : REAL(pread64)(fd, data, size, at);
}
static int synced(int fd, int (*real)(int)) {
    char name[4096];
    if (!*prefix || !path_of(fd, name)) return real(fd);
    if (fails(FSYNC)) return -1;
    int ended = real(fd);
    struct stat state;
    if (!ended && !fstat(fd, &state)) note(S_ISDIR(state.st_mode) ? 'S' : 'F', state.st_ino, 0, name, 0, 0, 0);
    return ended;
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }
static int cut(int fd, off64_t size, int (*real)(int, off64_t)) {
    char name[4096];
    int ours = *prefix && path_of(fd, name);
    if (ours && fails(WRITE)) return -1;
    int ended = real(fd, size);
    if (ours && !ended) note('T', inode_of(fd), size, 0, 0, 0, 0);
    return ended;
}
int ftruncate(int fd, off_t size) { return cut(fd, size, REAL(ftruncate)); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size, REAL(ftruncate64)); }

static int moved(int from_folder, const char *from, int to_folder, const char *to) {
    char old[4096], new[4096];
    int ours = full(from_folder, from, old) && full(to_folder, to, new);
    if (ours && fails(RENAME)) return -1;
    int ended = REAL(renameat)(from_folder, from, to_folder, to);
    if (ours && !ended) note('R', 0, 0, old, new, 0, 0);
    return ended;
}
int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to); }

static int removed(int folder, const char *path, int flags) {
    char name[4096];
    int ours = full(folder, path, name);
    if (ours && fails(UNLINK)) return -1;
    int ended = REAL(unlinkat)(folder, path, flags);
    if (ours && !ended) note('U', 0, 0, name, 0, 0, 0);
    return ended;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdir(const char *path, mode_t mode) {
    char name[4096];
    int ours = full(AT_FDCWD, path, name);
    if (ours && fails(MKDIR)) return -1;
    int ended = REAL(mkdir)(path, mode);
    if (ours && !ended) note('M', 0, 0, name, 0, 0, 0);
    return ended;
}
