// errno in words, under the name that this layer's sources use.
#pragma once

#include "base/error_words.hpp"

namespace tern::os {

using tern::error_words;

}  // namespace tern::os
