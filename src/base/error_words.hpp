// errno in words for the middle of a sentence, the same in every locale.
#pragma once

#include <string>

namespace tern {

/// "connection refused" for ECONNREFUSED; "error 4711" for a number the system has no words for.
[[nodiscard]] std::string error_words(int error);

}  // namespace tern
