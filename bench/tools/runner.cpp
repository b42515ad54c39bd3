// Starts programs by turns and prints what each run cost: CPU, wall, memory, page faults, by wait4.
// Small and static, because a child's peak memory counts from what its parent had before exec.
//   runner rounds parallel plan
// The plan is a text file: for each contender the lines `name`, `message-file` (after `|` it is
// fed through a pipe), `start of its output, in hexadecimal`, number of lines of the command, the
// command, number of lines of the environment, the environment. Prints one line for each run:
// name, CPU, wall (both in microseconds), peak memory in KB, minor and major page faults, and ok
// or what was wrong.
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace {

constexpr int most_contenders = 256;
constexpr int most_words = 1100;
constexpr int most_parallel = 64;

struct Contender {
    const char* name;
    const char* message;
    bool through_pipe;
    const char* wanted;
    char* command[most_words];
    char* environment[32];
};

struct Run {
    pid_t process;
    pid_t feeder;
    int output;
    const Contender* contender;
    timespec began;
};

Contender contenders[most_contenders];
Run running[most_parallel];
int turns[most_contenders];

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "runner: %s: %s\n", what, std::strerror(errno));
    _exit(2);
}

char* next_line(char*& text) {
    char* const line = text;
    char* const end = std::strchr(text, '\n');
    if (end == nullptr) give_up("the plan ends too early");
    *end = '\0';
    text = end + 1;
    return line;
}

int read_plan(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (file < 0 || fstat(file, &facts) != 0) give_up(path);
    const auto size = static_cast<std::size_t>(facts.st_size);
    void* const memory =
        mmap(nullptr, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) give_up(path);
    close(file);
    char* text = static_cast<char*>(memory);
    int count = 0;
    for (; *text != '\0' && count < most_contenders; ++count) {
        Contender& each = contenders[count];
        each.name = next_line(text);
        each.message = next_line(text);
        each.through_pipe = each.message[0] == '|';
        if (each.through_pipe) ++each.message;
        each.wanted = next_line(text);
        const int words = std::atoi(next_line(text));
        if (words >= most_words) give_up("a command is too long");
        for (int i = 0; i < words; ++i) each.command[i] = next_line(text);
        const int variables = std::atoi(next_line(text));
        if (variables >= 32) give_up("an environment is too large");
        for (int i = 0; i < variables; ++i) each.environment[i] = next_line(text);
    }
    return count;
}

/// A process on the other processors that writes the message into a pipe, whose end it gives.
int feed(const char* path, pid_t& feeder) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) give_up("pipe");
    feeder = fork();
    if (feeder != 0) {
        close(ends[1]);
        return ends[0];
    }
    cpu_set_t own, others;
    sched_getaffinity(0, sizeof own, &own);
    CPU_ZERO(&others);
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < processors; ++i)
        if (!CPU_ISSET(i, &own)) CPU_SET(i, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
    const int file = open(path, O_RDONLY);
    static char room[64 * 1024];
    for (ssize_t got; (got = read(file, room, sizeof room)) > 0;)
        if (write(ends[1], room, static_cast<std::size_t>(got)) != got) _exit(1);
    _exit(0);
}

void start(Run& run, const Contender& contender) {
    run.contender = &contender;
    run.feeder = 0;
    const int input = contender.through_pipe ? feed(contender.message, run.feeder)
                                             : open(contender.message, O_RDONLY | O_CLOEXEC);
    int ends[2];
    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0) give_up(contender.message);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    clock_gettime(CLOCK_MONOTONIC, &run.began);
    run.process = vfork();
    if (run.process == 0) {
        dup2(input, 0);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        execve(contender.command[0], contender.command, contender.environment);
        _exit(127);
    }
    if (run.process < 0) give_up("vfork");
    close(input);
    close(ends[1]);
    run.output = ends[0];
}

/// Whether the output begins with what the hexadecimal text says.
bool begins(const unsigned char* output, ssize_t size, const char* wanted) {
    for (ssize_t i = 0; wanted[2 * i] != '\0'; ++i) {
        unsigned value = 0;
        if (std::sscanf(wanted + 2 * i, "%2x", &value) != 1) return false;
        if (i >= size || output[i] != value) return false;
    }
    return true;
}

long microseconds(const timeval& time) { return time.tv_sec * 1000000L + time.tv_usec; }

/// Waits for one of those that run; gives its place.
int wait_for_one(int parallel) {
    for (;;) {
        int status = 0;
        rusage cost{};
        const pid_t ended = wait4(-1, &status, 0, &cost);
        if (ended < 0) give_up("wait4");
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        for (int i = 0; i < parallel; ++i) {
            Run& run = running[i];
            if (run.process != ended) continue;
            unsigned char output[4096];
            const ssize_t size = read(run.output, output, sizeof output);
            close(run.output);
            run.process = 0;
            const long wall = (now.tv_sec - run.began.tv_sec) * 1000000L +
                              (now.tv_nsec - run.began.tv_nsec) / 1000;
            const bool good = status == 0 && begins(output, size, run.contender->wanted);
            std::printf("%s %ld %ld %ld %ld %ld %s\n", run.contender->name,
                        microseconds(cost.ru_utime) + microseconds(cost.ru_stime), wall,
                        cost.ru_maxrss, cost.ru_minflt, cost.ru_majflt, good ? "ok" : "wrong");
            if (!good) {
                for (ssize_t at = 0; at < size; ++at)
                    if (output[at] < ' ' || output[at] > '~') output[at] = ' ';
                std::fprintf(stderr, "%s: wait status %d: %.*s\n", run.contender->name, status,
                             static_cast<int>(size > 0 ? size : 0),
                             reinterpret_cast<const char*>(output));
                std::fflush(stdout);
                _exit(0);  // what has failed once needs no more rounds
            }
            return i;
        }
    }
}

// None always runs after the same: what a large program leaves of the caches, and the kernel's work
// that outlives it, would be that one's to pay. The same order in each run of the suite.
void shuffle(int number) {
    static unsigned long state = 1;
    for (int i = number - 1; i > 0; --i) {
        state = state * 6364136223846793005UL + 1442695040888963407UL;
        std::swap(turns[i], turns[static_cast<int>((state >> 33) % static_cast<unsigned>(i + 1))]);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) give_up("usage: runner rounds parallel plan");
    const int rounds = std::atoi(arguments[1]);
    const int parallel = std::atoi(arguments[2]);
    const int number = read_plan(arguments[3]);
    if (rounds < 1 || parallel < 1 || parallel > most_parallel || number < 1)
        give_up("nothing to do");
    for (int i = 0; i < number; ++i) turns[i] = i;
    int busy = 0;
    for (int round = 0; round < rounds; ++round) {
        shuffle(number);
        for (int i = 0; i < number; ++i) {
            const int place = busy < parallel ? busy++ : wait_for_one(parallel);
            start(running[place], contenders[turns[i]]);
        }
    }
    while (busy-- > 0) wait_for_one(parallel);
    return std::fflush(stdout) == 0 ? 0 : 2;
}
