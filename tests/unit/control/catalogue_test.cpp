// The catalogue of control files, against the manual page and against itself.
#include "control/catalogue.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "base/text.hpp"

namespace tern::control {
namespace {

/// The paragraphs of CONTROL FILES in qmail-remote(8) by the file's name in control/; those of
/// files in a directory are found under the directory.
std::map<std::string, std::string> paragraphs() {
    std::ifstream page("man/qmail-remote.8");
    std::map<std::string, std::string> found;
    std::string name;
    bool in_section = false;
    for (std::string line; std::getline(page, line);) {
        constexpr std::string_view item = ".It Pa ";
        if (line.starts_with(".Sh ")) in_section = line == ".Sh CONTROL FILES";
        else if (in_section && line.starts_with(item))
            name = line.substr(item.size(), line.find_first_of(" /", item.size()) - item.size());
        if (in_section && !name.empty()) found[name] += line + " ";
    }
    return found;
}

bool is_number(const ControlFile& file) {
    return file.kind == FileKind::seconds || file.kind == FileKind::bytes;
}

TEST(Catalogue, HasItsParagraphsInTheManualPage) {
    const std::map<std::string, std::string> manual = paragraphs();
    ASSERT_FALSE(manual.empty());
    std::set<std::string> known;
    for (const ControlFile& file : catalogue) known.emplace(file.name);
    std::set<std::string> documented;
    for (const auto& [name, words] : manual) documented.insert(name);
    EXPECT_EQ(documented, known);
}

TEST(Catalogue, TellsTheDefaultsAndLimitsOfTheManualPage) {
    std::map<std::string, std::string> manual = paragraphs();
    for (const ControlFile& file : catalogue) {
        const std::string& words = manual[std::string(file.name)];
        if (!is_number(file)) {
            EXPECT_EQ(file.otherwise + file.least + file.most, 0U) << file.name;
            continue;
        }
        EXPECT_THAT(words, testing::HasSubstr(concat("Default: ", file.otherwise, ". ")));
        const bool seconds = file.kind == FileKind::seconds;
        EXPECT_THAT(words, testing::HasSubstr(seconds ? "seconds" : "Bytes"));
        if (!seconds) {
            EXPECT_THAT(words, testing::HasSubstr(concat(file.least, " to ", file.most, ". ")));
        }
        EXPECT_LE(file.least, file.otherwise) << file.name;
        EXPECT_LT(file.otherwise, file.most) << file.name;
    }
}

TEST(Catalogue, NamesEachFileOnce) {
    std::set<std::string_view> names;
    for (const ControlFile& file : catalogue) {
        EXPECT_TRUE(names.insert(file.name).second) << file.name;
        EXPECT_FALSE(file.what.empty()) << file.name;
    }
    for (const std::string_view name : of_other_programs)
        EXPECT_TRUE(names.insert(name).second) << name;
    for (const ForeignFile& file : foreign_files()) {
        EXPECT_TRUE(names.insert(file.name).second) << file.name;
        EXPECT_FALSE(file.package.empty() || file.what.empty() || file.cure.empty()) << file.name;
    }
}

}  // namespace
}  // namespace tern::control
