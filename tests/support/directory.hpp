// A directory for one test. For tests only.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <system_error>

namespace tern::test {

/// An empty directory, removed with all that is in it.
class Directory {
public:
    Directory() {
        std::random_device random;
        do {
            path_ = std::filesystem::temp_directory_path() /
                    ("tern-test-" + std::to_string(random()));
        } while (!std::filesystem::create_directory(path_));
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }
    /// Writes a file and gives its path.
    std::string holds(const std::string& name, const std::string& contents) const {
        std::ofstream(path_ / name, std::ios::binary) << contents;
        return path(name);
    }

private:
    std::filesystem::path path_;
};

}  // namespace tern::test
