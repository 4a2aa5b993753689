// Minimal assertions for native tests: a failing one prints file, line and both values, and the test goes on.
//
//   TEST(arena_resets) { EXPECT_OK(ath_arena_create(0, 0, &arena)); EXPECT_EQ(size, 64u); }
//   EXPECT_MAIN
//
// A program of tests exits with 0 (all passed), 1 (a failure), or 77 (every test was skipped; each prints its reason).
// Words on the command line keep only the tests whose name contains one of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace expect {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> list;
  return list;
}

inline int failures = 0;
inline bool skipped = false;

struct Registration {
  Registration(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

template <typename T>
std::string shown(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    char text[64];
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
    return text;
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return '"' + std::string(value) + '"';
  } else if constexpr (std::is_pointer_v<T> || std::is_null_pointer_v<T>) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", static_cast<const void*>(value));
    return text;
  } else {
    return "(value)";
  }
}

inline std::string shown(const char* value) { return value ? '"' + std::string(value) + '"' : "(null)"; }

inline bool fail(const char* file, int line, const std::string& what) {
  ++failures;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  return false;
}

template <typename A, typename B>
bool equal(const char* file, int line, const char* text, const A& got, const B& wanted) {
  bool same;
  if constexpr (std::is_convertible_v<A, std::string> && std::is_convertible_v<B, std::string>) {
    same = std::string(got) == std::string(wanted);
  } else if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    same = got == static_cast<std::common_type_t<A, B>>(wanted) && (got < A{0}) == (wanted < B{0});
  } else {
    same = got == wanted;
  }
  return same || fail(file, line, std::string(text) + ": got " + shown(got) + ", expected " + shown(wanted));
}

inline int main(int argument_count, char** arguments) {
  int run = 0, skips = 0;
  for (const Case& test : cases()) {
    bool wanted = argument_count < 2;
    for (int i = 1; i < argument_count; ++i) wanted = wanted || std::strstr(test.name, arguments[i]);
    if (!wanted) continue;
    const int before = failures;
    skipped = false;
    test.run();
    ++run;
    skips += skipped;
    if (failures != before) std::fprintf(stderr, "FAILED %s\n", test.name);
  }
  if (run == 0) return fail(__FILE__, __LINE__, "no test matches"), 1;
  std::fprintf(stderr, "%d tests, %d skipped, %d failed assertions\n", run, skips, failures);
  return failures ? 1 : skips == run ? 77 : 0;
}

}  // namespace expect

#define TEST(name)                                                        \
  static void test_##name();                                              \
  static const expect::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define EXPECT_MAIN \
  int main(int argument_count, char** arguments) { return expect::main(argument_count, arguments); }

// Ends the test; prints the reason.
#define SKIP(reason)                                                                       \
  do {                                                                                     \
    std::fprintf(stderr, "skip %s: %s\n", __func__, std::string(reason).c_str());          \
    expect::skipped = true;                                                                \
    return;                                                                                \
  } while (0)

#define EXPECT(condition) \
  ((condition) ? true : expect::fail(__FILE__, __LINE__, "expected " #condition))
#define EXPECT_EQ(got, wanted) expect::equal(__FILE__, __LINE__, #got, got, wanted)
#define EXPECT_NEAR(got, wanted, tolerance)                                                                       \
  (std::fabs(double(got) - double(wanted)) <= double(tolerance)                                                   \
       ? true                                                                                                     \
       : expect::fail(__FILE__, __LINE__, std::string(#got) + ": got " + expect::shown(double(got)) +             \
                                              ", expected " + expect::shown(double(wanted)) + " +- " +            \
                                              expect::shown(double(tolerance))))
#define EXPECT_CONTAINS(text, part)                                                                                \
  (std::string(text).find(part) != std::string::npos                                                              \
       ? true                                                                                                     \
       : expect::fail(__FILE__, __LINE__, "expected \"" + std::string(part) + "\" in \"" + std::string(text) + "\""))

// For calls of the C contract: include atheria/status.h before use.
#define EXPECT_STATUS(call, wanted)                                                                                 \
  [&] {                                                                                                             \
    const ath_status status_ = (call);                                                                              \
    return status_ == (wanted) ||                                                                                   \
           expect::fail(__FILE__, __LINE__, std::string(#call) + ": got " + ath_status_name(status_) +              \
                                                (status_ ? std::string(" (") + ath_status_message() + ")" : "") +   \
                                                ", expected " + ath_status_name(wanted));                           \
  }()
#define EXPECT_OK(call) EXPECT_STATUS(call, ATH_OK)
