// Descriptors 0 to 2 as we find them: whether a message can be read and a report written,
// and nothing missing.
#pragma once

#include <string_view>

namespace tern::os {

/// Whether descriptor 0 is open for reading; to be asked before fill_standard_descriptors().
[[nodiscard]] bool standard_input_is_readable();

/// Whether descriptor 1 is open for writing; to be asked before fill_standard_descriptors().
[[nodiscard]] bool standard_output_is_writable();

/// Opens /dev/null on each missing descriptor from 0 to 2, so that no socket ever takes its place.
/// False when that is impossible.
[[nodiscard]] bool fill_standard_descriptors();

/// Writes all of `bytes` to standard output, whatever it is; trouble there cannot be reported.
void write_report(std::string_view bytes);

}  // namespace tern::os
