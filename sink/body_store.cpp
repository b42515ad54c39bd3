// Pieces are handled as they come; memory grows with a message only as far as the log wants it.
#include "sink/body_store.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace tern::sink {

namespace {

std::string words_for(const std::string& what, int error) {
    return what + ": " + std::strerror(error);
}

std::string fresh_file_name() {
    static std::atomic<std::uint64_t> counter{0};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    return std::to_string(micros / 1000000) + ".M" + std::to_string(micros % 1000000) + "P" +
           std::to_string(::getpid()) + "Q" + std::to_string(++counter) + ".tern-sink";
}

}  // namespace

std::string with_wire_newlines(std::string_view file) {
    std::string made;
    made.reserve(file.size() + file.size() / 32);
    for (std::size_t at = 0; at < file.size(); ++at) {
        const char c = file[at];
        if (c != '\r' && c != '\n') {
            made += c;
            continue;
        }
        made += "\r\n";
        if (c == '\r' && at + 1 < file.size() && file[at + 1] == '\n') ++at;
    }
    return made;
}

std::string read_file(const std::string& path, std::size_t most) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw std::runtime_error(words_for(path, errno));
    std::string content;
    constexpr std::size_t step = 65536;
    for (;;) {
        const std::size_t before = content.size();
        content.resize(before + step);
        const ssize_t count = ::read(file.get(), content.data() + before, step);
        if (count < 0) throw std::runtime_error(words_for(path, errno));
        content.resize(before + static_cast<std::size_t>(count));
        if (count == 0) return content;
        if (content.size() > most)
            throw std::runtime_error(path + ": larger than " + std::to_string(most) + " bytes");
    }
}

std::string StoredBody::what_came_instead() const {
    return "not the message that was expected, but one of " + std::to_string(size) +
           " bytes, SHA-256 " + (digest.empty() ? "not taken" : digest);
}

BodyStore::BodyStore(const BodySettings& settings, const Expectation& expectation)
    : settings_(settings), expectation_(expectation) {
    if (settings.digest || !expectation.digests.empty()) digest_.emplace();
    if (settings.discard) text_fits_ = false;
    if (!settings.maildir.empty()) open_file();
}

BodyStore::~BodyStore() {
    if (file_) ::unlink((settings_.maildir + "/tmp/" + file_name_).c_str());
}

void BodyStore::open_file() {
    file_name_ = fresh_file_name();
    const std::string path = settings_.maildir + "/tmp/" + file_name_;
    constexpr mode_t mode = 0600;
    file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file_) trouble_ = words_for(path, errno);
}

void BodyStore::write_file(std::string_view piece) {
    while (!piece.empty() && trouble_.empty()) {
        const ssize_t count = ::write(file_.get(), piece.data(), piece.size());
        if (count >= 0) piece.remove_prefix(static_cast<std::size_t>(count));
        else if (errno != EINTR) trouble_ = words_for(settings_.maildir, errno);
    }
}

void BodyStore::compare(std::string_view piece) {
    const std::string& text = *expectation_.text;
    as_expected_ = as_expected_ && piece.size() <= text.size() - std::min(text.size(), size_) &&
                   std::memcmp(text.data() + size_, piece.data(), piece.size()) == 0;
}

void BodyStore::take(std::string_view piece) {
    if (expectation_.text) compare(piece);
    size_ += piece.size();
    if (digest_) digest_->add(piece);
    if (file_) write_file(piece);
    if (!text_fits_) return;
    if (text_.size() + piece.size() <= settings_.most_in_log) {
        text_ += piece;
    } else {
        text_fits_ = false;
        text_.clear();
    }
}

StoredBody BodyStore::finish() {
    StoredBody made;
    made.size = size_;
    if (digest_) made.digest = digest_->finish();
    if (text_fits_) made.text = std::move(text_);
    made.as_expected = as_expected_ && (!expectation_.text || size_ == expectation_.text->size());
    if (!expectation_.digests.empty())
        made.as_expected =
            made.as_expected && std::find(expectation_.digests.begin(), expectation_.digests.end(),
                                          made.digest) != expectation_.digests.end();
    if (file_ && trouble_.empty()) {
        const std::string from = settings_.maildir + "/tmp/" + file_name_;
        made.path = settings_.maildir + "/new/" + file_name_;
        file_.close();
        if (std::rename(from.c_str(), made.path.c_str()) != 0)
            trouble_ = words_for(made.path, errno);
    }
    made.trouble = trouble_;
    return made;
}

}  // namespace tern::sink
