// Looks at a program's path as hard as it can, as root (is it there, whole, with its mode?) and as
// the user that runs it (does it run?), until SIGTERM stops it. Prints what it ever found
// wrong. Usage: watch path uid gid home size...   (the sizes that a whole program may have)
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t stopped = 0;
constexpr int most_problems = 5;
int problems = 0;

void problem(const char* what, const char* why) {
    if (++problems <= most_problems) std::printf("%s: %s\n", what, why);
}

void look(const char* path, const std::vector<off_t>& sizes) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return problem("cannot be opened", std::strerror(errno));
    struct stat status {};
    if (fstat(fd, &status) != 0) problem("fstat", std::strerror(errno));
    close(fd);
    constexpr mode_t usual = 0711;
    if ((status.st_mode & 07777) != usual) problem("mode", "not 0711");
    if (std::ranges::find(sizes, status.st_size) == sizes.end())
        problem("size", std::to_string(status.st_size).c_str());
}

void try_to_run(const char* path, char** environment, int null) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd <= 2; ++fd) posix_spawn_file_actions_adddup2(&actions, null, fd);
    std::string name(path);
    char* words[] = {name.data(), nullptr};
    pid_t child = 0;
    const int trouble = posix_spawn(&child, path, &actions, nullptr, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (trouble != 0) return problem("cannot be executed", std::strerror(trouble));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) problem("ran badly, wait status", std::to_string(status).c_str());
}

int watch_as_user(const char* path, uid_t user, gid_t group, const char* home) {
    if (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(user) != 0) {
        problem("cannot become the user", std::strerror(errno));
        return 1;
    }
    std::string setting = std::string("QMAILHOME=") + home;
    char* environment[] = {setting.data(), nullptr};
    const int null = open("/dev/null", O_RDWR);
    long rounds = 0;
    for (; stopped == 0; ++rounds) try_to_run(path, environment, null);
    std::printf("executed %ld times, %d problems\n", rounds, problems);
    return problems == 0 && rounds > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    constexpr int first_size = 5;
    if (count <= first_size) return 2;
    struct sigaction stop {};
    stop.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGTERM, &stop, nullptr);
    const char* path = words[1];
    std::vector<off_t> sizes;
    for (int i = first_size; i < count; ++i) sizes.push_back(std::atol(words[i]));

    std::puts("watching");
    std::fflush(stdout);
    const pid_t runner = fork();
    if (runner < 0) return 2;
    if (runner == 0) {
        const int result = watch_as_user(path, static_cast<uid_t>(std::atol(words[2])),
                                         static_cast<gid_t>(std::atol(words[3])), words[4]);
        std::fflush(stdout);
        _exit(result);
    }
    long rounds = 0;
    for (; stopped == 0; ++rounds) look(path, sizes);
    kill(runner, SIGTERM);
    int status = 0;
    while (waitpid(runner, &status, 0) < 0 && errno == EINTR) continue;
    std::printf("looked at %ld times, %d problems\n", rounds, problems);
    return problems == 0 && rounds > 0 && status == 0 ? 0 : 1;
}
