/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing to whatever a path leads to. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "base/file.h"
#include "base/file_replace.h"
#include "base/status.h"
#include "support/failure.h"
#include "support/folder.h"

static diffmm_status save(const char *path, const char *text)
{
    const struct diffmm__file_part piece = {text, strlen(text), NULL};
    return diffmm__file_replace(NULL, path, &piece, 1);
}

static void check_content(const char *path, const char *wanted)
{
    struct diffmm__mapping mapping;
    expect_success(diffmm__file_map(path, &mapping));
    ck_assert_uint_eq(mapping.size, strlen(wanted));
    ck_assert_mem_eq(mapping.data, wanted, mapping.size);
    diffmm__file_unmap(&mapping);
}

START_TEST(replaces_a_file)
{
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "model");
    struct diffmm__file_part pieces[] = {{"first ", 6, NULL}, {"", 0, NULL}, {"piece", 5, NULL}};
    expect_success(diffmm__file_replace(NULL, path.text, pieces, 3));
    check_content(path.text, "first piece");
    /* A replaced file keeps its permissions; a mapping of the old one keeps the old bytes. */
    ck_assert_int_eq(chmod(path.text, 0640), 0);
    struct diffmm__mapping old;
    expect_success(diffmm__file_map(path.text, &old));
    expect_success(diffmm__file_replace(NULL, path.text, &pieces[2], 1));
    check_content(path.text, "piece");
    ck_assert_mem_eq(old.data, "first piece", 11);
    diffmm__file_unmap(&old);
    struct stat about;
    ck_assert_int_eq(stat(path.text, &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0640);
    ck_assert_uint_eq(folder_count(&folder), 1);
    expect_success(diffmm__file_replace(NULL, path.text, NULL, 0));
    check_content(path.text, "");
    folder_end(&folder);
}
END_TEST

START_TEST(failed_replace_leaves_the_old_file)
{
    struct folder folder = folder_begin();
    struct path nowhere = folder_path(&folder, "missing/model");
    struct path taken = folder_path(&folder, "taken");
    struct diffmm__file_part piece = {"bytes", 5, NULL};
    expect_failure(diffmm__file_replace(NULL, nowhere.text, &piece, 1), DIFFMM_ERROR_IO, "missing");
    /* A folder cannot be replaced by a file. */
    ck_assert_int_eq(mkdir(taken.text, 0700), 0);
    expect_failure(diffmm__file_replace(NULL, taken.text, &piece, 1), DIFFMM_ERROR_IO, taken.text);
    ck_assert_uint_eq(folder_count(&folder), 1);
    /* Bytes that cannot be read: write() fails with EFAULT after the file was made. */
    struct path path = folder_write_text(&folder, "model", "old");
    struct diffmm__file_part bad[] = {{"new", 3, NULL}, {(const void *)16, 64, NULL}};
    expect_failure(diffmm__file_replace(NULL, path.text, bad, 2), DIFFMM_ERROR_IO, path.text);
    check_content(path.text, "old");
    ck_assert_uint_eq(folder_count(&folder), 2);
    folder_end(&folder);
}
END_TEST

static mode_t kind_of(const char *path)
{
    struct stat about;
    ck_assert_int_eq(lstat(path, &about), 0);
    return about.st_mode & S_IFMT;
}

START_TEST(a_link_stays_and_its_file_is_replaced)
{
    struct folder folder = folder_begin();
    struct path model = folder_write_text(&folder, "model", "old");
    struct path inside = folder_path(&folder, "inside");
    struct path link = folder_path(&folder, "inside/link");
    struct path again = folder_path(&folder, "again");
    struct stat before, after;
    ck_assert_int_eq(mkdir(inside.text, 0700), 0);
    ck_assert_int_eq(chmod(model.text, 0640), 0);
    ck_assert_int_eq(symlink("../model", link.text), 0);
    ck_assert_int_eq(symlink(link.text, again.text), 0);
    ck_assert_int_eq(stat(model.text, &before), 0);
    expect_success(save(again.text, "new"));
    ck_assert_uint_eq(kind_of(again.text), S_IFLNK);
    ck_assert_uint_eq(kind_of(link.text), S_IFLNK);
    check_content(model.text, "new");
    ck_assert_int_eq(stat(model.text, &after), 0);
    ck_assert_uint_eq(after.st_mode & 0777, 0640);
    ck_assert_uint_ne(after.st_ino, before.st_ino); /* in one step */
    ck_assert_uint_eq(folder_count(&folder), 3);
    /* The file that a link leads to need not exist yet. */
    ck_assert_int_eq(unlink(model.text), 0);
    expect_success(save(again.text, "first"));
    ck_assert_uint_eq(kind_of(link.text), S_IFLNK);
    check_content(model.text, "first");
    ck_assert_int_eq(unlink(link.text), 0);
    ck_assert_int_eq(symlink("missing/model", link.text), 0);
    expect_failure(save(link.text, "x"), DIFFMM_ERROR_IO, link.text);
    /* Links that lead to each other. */
    ck_assert_int_eq(unlink(link.text), 0);
    ck_assert_int_eq(symlink("link", link.text), 0);
    expect_failure(save(link.text, "x"), DIFFMM_ERROR_IO, "symbolic links");
    ck_assert_int_eq(unlink(link.text), 0);
    ck_assert_int_eq(rmdir(inside.text), 0);
    folder_end(&folder);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused_and_stays)
{
    struct folder folder = folder_begin();
    struct path taken = folder_path(&folder, "taken");
    struct path slash = folder_path(&folder, "new/");
    struct path socket_path = folder_path(&folder, "socket");
    struct path link = folder_path(&folder, "link");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_int_eq(mkdir(taken.text, 0700), 0);
    ck_assert_int_eq(symlink("taken", link.text), 0);
    strcpy(address.sun_path, socket_path.text);
    int end = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(end, (struct sockaddr *)&address, sizeof address), 0);
    expect_failure(save(taken.text, "x"), DIFFMM_ERROR_IO, "it is a folder");
    expect_failure(save(link.text, "x"), DIFFMM_ERROR_IO, "it is a folder");
    expect_failure(save(folder.path, "x"), DIFFMM_ERROR_IO, "it is a folder");
    expect_failure(save(".", "x"), DIFFMM_ERROR_IO, "it is a folder");
    expect_failure(save("/", "x"), DIFFMM_ERROR_IO, "cannot write /");
    expect_failure(save("", "x"), DIFFMM_ERROR_IO, "No such file");
    expect_failure(save(slash.text, "x"), DIFFMM_ERROR_IO, "new/");
    expect_failure(save(socket_path.text, "x"), DIFFMM_ERROR_IO, "it is a socket");
    close(end);
    ck_assert_uint_eq(kind_of(taken.text), S_IFDIR);
    ck_assert_uint_eq(kind_of(link.text), S_IFLNK);
    ck_assert_uint_eq(kind_of(socket_path.text), S_IFSOCK);
    ck_assert_uint_eq(folder_count(&folder), 3);
    ck_assert_int_eq(rmdir(taken.text), 0);
    folder_end(&folder);
}
END_TEST

/* Not on /dev/null itself, which might be lost: root makes a device of the same kind. */
START_TEST(a_device_is_written_through)
{
    struct folder folder = folder_begin();
    struct path device = folder_path(&folder, "null");
    struct path link = folder_path(&folder, "link");
    bool made = mknod(device.text, S_IFCHR | 0600, makedev(1, 3)) == 0;
    int file = made ? open(device.text, O_WRONLY | O_CLOEXEC) : -1;
    const char *path = file >= 0 ? device.text : "/dev/null";
    if (file >= 0)
        close(file);
    if (file >= 0 || geteuid() != 0) {
        ck_assert_int_eq(symlink(path, link.text), 0);
        expect_success(save(path, "lost"));
        expect_success(save(link.text, "lost"));
        ck_assert_uint_eq(kind_of(path), S_IFCHR);
        ck_assert_uint_eq(kind_of(link.text), S_IFLNK);
    }
    if (file >= 0) { /* a full device is an error */
        ck_assert_int_eq(unlink(device.text), 0);
        ck_assert_int_eq(mknod(device.text, S_IFCHR | 0600, makedev(1, 7)), 0);
        expect_failure(save(device.text, "lost"), DIFFMM_ERROR_IO, "No space left");
        ck_assert_uint_eq(kind_of(device.text), S_IFCHR);
    }
    folder_end(&folder);
}
END_TEST

/* The reader of a pipe or a socket. */
struct reader {
    pthread_t thread;
    const char *path; /* or NULL and: */
    int file;
    size_t most; /* read, then hang up */
    size_t size;
    char first[16];
};

static void *read_all(void *argument)
{
    struct reader *reader = argument;
    int file = reader->path ? open(reader->path, O_RDONLY | O_CLOEXEC) : reader->file;
    char bytes[4096];
    ssize_t size;
    while (reader->size < reader->most && (size = read(file, bytes, sizeof bytes)) > 0) {
        if (reader->size == 0)
            memcpy(reader->first, bytes, (size_t)size < 16 ? (size_t)size : 16);
        reader->size += (size_t)size;
    }
    close(file);
    return NULL;
}

static void reader_begin(struct reader *reader)
{
    ck_assert_int_eq(pthread_create(&reader->thread, NULL, read_all, reader), 0);
}

START_TEST(a_named_pipe_is_written_through)
{
    static char large[300000];
    struct folder folder = folder_begin();
    struct path pipe_path = folder_path(&folder, "pipe");
    struct diffmm__file_part pieces[] = {{"begin ", 6, NULL}, {large, sizeof large, NULL}};
    struct reader reader = {.path = pipe_path.text, .most = SIZE_MAX};
    ck_assert_int_eq(mkfifo(pipe_path.text, 0600), 0);
    reader_begin(&reader);
    expect_success(diffmm__file_replace(NULL, pipe_path.text, pieces, 2));
    pthread_join(reader.thread, NULL);
    ck_assert_uint_eq(reader.size, 6 + sizeof large);
    ck_assert_int_eq(memcmp(reader.first, "begin ", 6), 0);
    ck_assert_uint_eq(kind_of(pipe_path.text), S_IFIFO);
    ck_assert_uint_eq(folder_count(&folder), 1);
    /* A reader that hangs up is an error. The signal that would end the host is not raised, neither
     * now nor later. */
    sigset_t before, after, pending;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    reader = (struct reader){.path = pipe_path.text, .most = 10};
    reader_begin(&reader);
    expect_failure(diffmm__file_replace(NULL, pipe_path.text, pieces, 2), DIFFMM_ERROR_IO,
                   "Broken pipe");
    pthread_join(reader.thread, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
    ck_assert_int_eq(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
    ck_assert_uint_eq(kind_of(pipe_path.text), S_IFIFO);
    folder_end(&folder);
}
END_TEST

static struct path descriptor_path(const char *list, int file)
{
    struct path path;
    snprintf(path.text, sizeof path.text, "%s/%d", list, file);
    return path;
}

/* What a source gives: bytes that follow from where they stand; and, from some byte on, a failure. */
struct counted {
    size_t given, fails_at, largest;
    pthread_t thread;
    bool elsewhere; /* it was called on another thread */
};

static diffmm_status give(void *state, size_t bytes, void *to)
{
    struct counted *counted = state;
    counted->elsewhere |= !pthread_equal(counted->thread, pthread_self());
    counted->largest = bytes > counted->largest ? bytes : counted->largest;
    if (counted->given + bytes > counted->fails_at)
        return diffmm__fail(DIFFMM_ERROR_PEER, "the source is dry");
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)to)[i] = (unsigned char)((counted->given + i) % 251);
    counted->given += bytes;
    return DIFFMM_OK;
}

/* Bytes may come from a source, between others, into a file and into a pipe. */
START_TEST(sources)
{
    enum { large = 2 * diffmm__byte_block + 7 };
    struct counted counted = {.fails_at = SIZE_MAX, .thread = pthread_self()};
    const struct diffmm__byte_source source = {give, &counted};
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "file"), pipe_path = folder_path(&folder, "pipe");
    const struct diffmm__file_part parts[] = {
        {"begin ", 6, NULL}, {NULL, large, &source}, {NULL, 3, &source}, {" end", 4, NULL}};
    expect_success(diffmm__file_replace(NULL, path.text, parts, 4));
    size_t size;
    unsigned char *bytes = read_bytes(path.text, &size);
    ck_assert_uint_eq(size, large + 13);
    ck_assert_mem_eq(bytes, "begin ", 6);
    ck_assert_mem_eq(bytes + large + 9, " end", 4);
    for (size_t i = 0; i < large + 3; i++)
        ck_assert_uint_eq(bytes[6 + i], i % 251);
    ck_assert_uint_eq(counted.largest, diffmm__byte_block);
    free(bytes);
    ck_assert_int_eq(mkfifo(pipe_path.text, 0600), 0);
    struct reader reader = {.path = pipe_path.text, .most = SIZE_MAX};
    reader_begin(&reader);
    expect_success(diffmm__file_replace(NULL, pipe_path.text, parts, 4));
    pthread_join(reader.thread, NULL);
    ck_assert_uint_eq(reader.size, large + 13);
    ck_assert(!counted.elsewhere);
    /* One that fails leaves the old file. */
    check_content(folder_write_text(&folder, "file", "old").text, "old");
    counted.fails_at = counted.given + diffmm__byte_block;
    expect_failure(diffmm__file_replace(NULL, path.text, parts, 4), DIFFMM_ERROR_PEER,
                   "the source is dry");
    check_content(path.text, "old");
    ck_assert_uint_eq(folder_count(&folder), 2);
    folder_end(&folder);
}
END_TEST

/* A path that names a descriptor means that descriptor: writing goes on at its offset, and the file
 * is not replaced. */
START_TEST(a_descriptor_is_written_through)
{
    static const char *const lists[] = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "file"), link = folder_path(&folder, "link");
    for (size_t i = 0; i < 3; i++) {
        int file = open(path.text, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_eq(write(file, "one ", 4), 4);
        struct path own = descriptor_path(lists[i], file);
        ck_assert_int_eq(symlink(own.text, link.text), 0);
        expect_success(save(own.text, "two "));
        expect_success(save(link.text, "three "));
        ck_assert_int_eq(write(file, "four", 4), 4);
        check_content(path.text, "one two three four");
        /* Also a file that is in no folder any more. */
        ck_assert_int_eq(unlink(path.text), 0);
        expect_success(save(own.text, "!"));
        ck_assert_int_eq(lseek(file, 0, SEEK_CUR), 19);
        close(file);
        expect_failure(save(own.text, "x"), DIFFMM_ERROR_IO, "Bad file descriptor");
        ck_assert_int_eq(unlink(link.text), 0);
    }
    int file = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    expect_failure(save(descriptor_path("/dev/fd", file).text, "x"), DIFFMM_ERROR_IO, "/dev/fd");
    close(file);
    ck_assert_uint_eq(folder_count(&folder), 0);
    /* A file whose name is a number is no descriptor. */
    struct path number = folder_path(&folder, "1");
    expect_success(save(number.text, "text"));
    check_content(number.text, "text");
    folder_end(&folder);
}
END_TEST

/* Pipes and sockets as a service has them for standard output, also non-blocking ones. */
START_TEST(descriptors_without_a_file)
{
    static char large[300000];
    const struct diffmm__file_part piece = {large, sizeof large, NULL};
    for (int kind = 0; kind < 4; kind++) {
        int ends[2];
        ck_assert_int_eq(kind & 1 ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
        if (kind & 2)
            fcntl(ends[1], F_SETFL, O_NONBLOCK);
        struct reader reader = {.file = ends[0], .most = sizeof large};
        reader_begin(&reader);
        expect_success(
            diffmm__file_replace(NULL, descriptor_path("/dev/fd", ends[1]).text, &piece, 1));
        close(ends[1]);
        pthread_join(reader.thread, NULL);
        ck_assert_uint_eq(reader.size, sizeof large);
    }
}
END_TEST

START_TEST(names_as_long_as_there_may_be)
{
    struct folder folder = folder_begin();
    static const char *const characters[] = {"x", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8e\xb5",
                                             "\xff"};
    for (size_t c = 0; c < 5; c++)
        for (size_t length = 225; length <= 255; length++) {
            char path[400];
            size_t at = (size_t)snprintf(path, sizeof path, "%s/", folder.path), end = at + length;
            while (at + strlen(characters[c]) <= end)
                at += (size_t)snprintf(path + at, sizeof path - at, "%s", characters[c]);
            while (at < end)
                path[at++] = 'y';
            path[at] = '\0';
            expect_success(save(path, "new"));
            expect_success(save(path, "newer"));
            check_content(path, "newer");
        }
    char path[400];
    memset(path, 'x', 256);
    path[256] = '\0';
    expect_failure(save(path, "new"), DIFFMM_ERROR_IO, "File name too long");
    ck_assert_uint_eq(folder_count(&folder), 5 * 31);
    folder_end(&folder);
}
END_TEST

/* Paths as long as the system takes them, absolute and relative. */
START_TEST(paths_as_long_as_there_may_be)
{
    struct folder folder = folder_begin();
    char path[PATH_MAX], cut[PATH_MAX];
    size_t at = (size_t)snprintf(path, sizeof path, "%s", folder.path);
    while (at < PATH_MAX - 201) {
        memset(path + at, 'd', 200);
        path[at] = '/';
        path[at += 200] = '\0';
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
    size_t deepest = at;
    path[at++] = '/';
    while (at < PATH_MAX - 1)
        path[at++] = 'f';
    path[at] = '\0';
    expect_success(save(path, "new"));
    expect_success(save(path, "newer"));
    check_content(path, "newer");
    ck_assert_int_eq(unlink(path), 0);
    int start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chdir(folder.path), 0);
    expect_success(save(path + strlen(folder.path) + 1, "newer"));
    check_content(path, "newer");
    ck_assert_int_eq(fchdir(start), 0);
    close(start);
    ck_assert_int_eq(unlink(path), 0);
    for (at = deepest; at > strlen(folder.path); at -= 200) {
        memcpy(cut, path, at);
        cut[at] = '\0';
        ck_assert_int_eq(rmdir(cut), 0); /* nothing else was left in it */
    }
    folder_end(&folder);
}
END_TEST

/* Each thread writes a text of one letter; in the end one of these is there, whole. */
enum { writers = 4, writes = 40 };

static void *write_often(void *argument)
{
    const struct path *path = argument;
    static atomic_int number;
    char text[5000];
    memset(text, 'a' + atomic_fetch_add(&number, 1), sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < writes; i++)
        if (save(path->text, text) != DIFFMM_OK)
            return argument;
    return NULL;
}

START_TEST(many_write_at_once)
{
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "model");
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    pthread_t threads[writers];
    size_t failed = 0;
    for (size_t i = 0; i < writers; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_often, &path), 0);
    for (size_t i = 0; i < writers; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failed += result != NULL;
    }
    if (child == 0)
        _exit((int)failed);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(folder_count(&folder), 1);
    struct diffmm__mapping mapping;
    expect_success(diffmm__file_map(path.text, &mapping));
    ck_assert_uint_eq(mapping.size, 4999);
    for (size_t i = 1; i < mapping.size; i++)
        ck_assert(mapping.data[i] == mapping.data[0]);
    diffmm__file_unmap(&mapping);
    folder_end(&folder);
}
END_TEST

/* Temporary files left by killed processes of the same number are no obstacle. */
START_TEST(leftovers_do_not_hinder)
{
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "model");
    for (int i = 0; i < 1000; i++) {
        char name[64];
        snprintf(name, sizeof name, "model.tmp-%ld-%d", (long)getpid(), i);
        folder_write_text(&folder, name, "");
    }
    expect_success(save(path.text, "new"));
    check_content(path.text, "new");
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {replaces_a_file,
                                  failed_replace_leaves_the_old_file,
                                  a_link_stays_and_its_file_is_replaced,
                                  what_cannot_be_written_is_refused_and_stays,
                                  a_device_is_written_through,
                                  a_named_pipe_is_written_through,
                                  sources,
                                  a_descriptor_is_written_through,
                                  descriptors_without_a_file,
                                  names_as_long_as_there_may_be,
                                  paths_as_long_as_there_may_be,
                                  many_write_at_once,
                                  leftovers_do_not_hinder};
    return run_tests("file_replace", tests, sizeof tests / sizeof *tests);
}
