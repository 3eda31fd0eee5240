#include "nesting.h"

#include <cctype>
#include <cstring>
#include <vector>

#include "guard.h"

namespace torchgo {
namespace {

// libtorch's compiler takes up to 4 KB of stack for a level; threads have 8 MB.
constexpr size_t deepest = 1000;

// Nesting reads source token by token, and keeps an upper bound on how deep the
// syntax tree can be: each operator may be a level until a comma or the end of the
// statement, each bracket until it closes, each elif until its if ends.
class Nesting {
 public:
  explicit Nesting(const std::string &source) : at(source.data()), end(at + source.size()) {}

  void read() {
    while (at < end) {
      if (brackets.empty() && fresh) line();
      if (at < end) token();
    }
  }

 private:
  // line begins a statement: its indentation tells which blocks have ended.
  void line() {
    size_t indent = 0;
    for (; at < end && (*at == ' ' || *at == '\t'); at++) indent++;
    if (at == end || *at == '\n' || *at == '#') return;
    fresh = false;
    operators = 0;
    bool follows = word("elif") || word("else");
    while (!blocks.empty() && (blocks.back().indent > indent || (blocks.back().indent == indent && !follows))) blocks.pop_back();
    if (blocks.empty() || blocks.back().indent < indent) blocks.push_back({indent, 0});
    blocks.back().branches++;
    levels = blocks.size();
    for (const Block &b : blocks) levels += b.branches;
  }

  void token() {
    const char c = *at;
    if (c == '#') {
      while (at < end && *at != '\n') at++;
    } else if (c == '"' || c == '\'') {
      text();
    } else if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
      for (const char *name : {"not", "and", "or", "if", "else", "for", "in", "is", "lambda"}) {
        if (word(name)) deeper();
      }
      while (at < end && (std::isalnum(static_cast<unsigned char>(*at)) || *at == '_')) at++;
    } else {
      at++;
      if (c == '(' || c == '[' || c == '{') {
        brackets.push_back(operators);
        deeper();
      } else if ((c == ')' || c == ']' || c == '}') && !brackets.empty()) {
        operators = brackets.back() + 1;
        brackets.pop_back();
      } else if (c == ',') {
        operators = brackets.empty() ? 0 : brackets.back() + 1;
      } else if (c == '\\') {
        if (at < end) at++;  // the statement goes on in the next line
      } else if (c == '\n') {
        fresh |= brackets.empty();
      } else if (std::strchr("+-*/%@<>=!&|^~.", c) != nullptr) {
        deeper();
      }
    }
  }

  // text passes over a string.
  void text() {
    const char quote = *at;
    size_t n = end - at >= 3 && at[1] == quote && at[2] == quote ? 3 : 1;
    for (at += n; at < end; at++) {
      if (*at == '\\') at++;
      else if (n == 1 && (*at == quote || *at == '\n')) break;
      else if (n == 3 && end - at >= 3 && at[0] == quote && at[1] == quote && at[2] == quote) break;
    }
    at = end - at > static_cast<std::ptrdiff_t>(n) ? at + n : end;
  }

  bool word(const char *name) const {
    size_t n = std::strlen(name);
    if (static_cast<size_t>(end - at) < n || std::memcmp(at, name, n) != 0) return false;
    const char *next = at + n;
    return next == end || !(std::isalnum(static_cast<unsigned char>(*next)) || *next == '_');
  }

  void deeper() {
    if (++operators + levels > deepest) {
      throw Refusal(TS_CODE_COMPILE, "the source is nested deeper than " + std::to_string(deepest) + " levels");
    }
  }

  struct Block {
    size_t indent, branches;
  };

  const char *at, *end;
  bool fresh = true;             // a statement begins
  size_t operators = 0;          // levels of the statement
  size_t levels = 0;             // of the blocks that it is in
  std::vector<size_t> brackets;  // levels outside of each that is open
  std::vector<Block> blocks;
};

}  // namespace

void check_nesting(const std::string &source) { Nesting(source).read(); }

}  // namespace torchgo
