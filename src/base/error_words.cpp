// errno in words; see error_words.hpp.
#include "base/error_words.hpp"

#include <cstring>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern {

std::string error_words(int error) {
    const char* const description = ::strerrordesc_np(error);
    if (description == nullptr) return concat("error ", error);
    std::string words(description);
    // "Connection refused" goes into sentences, "RFS specific error" keeps its name.
    const bool is_a_word = words.size() > 1 && words[1] == to_lower(words[1]);
    if (is_a_word) words[0] = to_lower(words[0]);
    return words;
}

}  // namespace tern
