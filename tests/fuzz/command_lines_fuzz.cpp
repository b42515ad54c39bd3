// Lines that a server could take for commands, against the plain reading.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "smtp/command_lines.hpp"
#include "support/reference_commands.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view encoded(reinterpret_cast<const char*>(data), size);
    if (tern::smtp::holds_command_line(encoded) !=
        tern::test::holds_command_line_reference(encoded))
        std::abort();
    return 0;
}
