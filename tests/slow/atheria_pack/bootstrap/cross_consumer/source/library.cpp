// Exceptions, threads, streams and mathematics of the C++ library that the compiler links statically.
#include <atomic>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#ifdef _WIN32
#define CROSS_API __declspec(dllexport)
#else
#define CROSS_API __attribute__((visibility("default")))
#endif

extern "C" CROSS_API int cross_answer(char* text, int size) {
  std::atomic<int> count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) threads.emplace_back([&] { ++count; });
  for (auto& thread : threads) thread.join();
  std::ostringstream out;
  try {
    throw std::runtime_error("deliberate");
  } catch (const std::exception& error) {
    out << "caught: " << error.what();
  }
  out << ", " << count << " threads, e = " << std::fixed << std::setprecision(6) << std::exp(1.0);
  std::strncpy(text, out.str().c_str(), static_cast<size_t>(size));
  return static_cast<int>(out.str().size());
}
