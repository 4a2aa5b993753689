// UTF-8, which every text and path of the contract is, and UTF-16, which Windows takes; what Windows says about an error.
#pragma once

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <string>

namespace atheria::windows {

// Bytes that are no UTF-8 become U+FFFD, so that a wrong name is not found instead of being another one.
inline std::wstring wide(const std::string& text) {
  const int count = MultiByteToWideChar(CP_UTF8, 0, text.data(), int(text.size()), nullptr, 0);
  std::wstring result(size_t(count), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), int(text.size()), result.data(), count);
  return result;
}

inline std::string utf8(const std::wstring& text) {
  const int count = WideCharToMultiByte(CP_UTF8, 0, text.data(), int(text.size()), nullptr, 0, nullptr, nullptr);
  std::string result(size_t(count), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), int(text.size()), result.data(), count, nullptr, nullptr);
  return result;
}

// "Access is denied (Windows error 5)".
inline std::string error_text(DWORD number) {
  wchar_t text[512];
  DWORD count = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, number, 0, text, 512, nullptr);
  while (count && (text[count - 1] == L'\n' || text[count - 1] == L'\r' || text[count - 1] == L'.' || text[count - 1] == L' ')) --count;
  return (count ? utf8(std::wstring(text, count)) : "the system has no text for it") + " (Windows error " + std::to_string(number) + ")";
}

// From the drive on, with backslashes; the name as it is if the system cannot tell.
inline std::wstring full_path(const std::string& path) {
  const std::wstring name = wide(path);
  const DWORD needed = GetFullPathNameW(name.c_str(), 0, nullptr, nullptr);
  std::wstring full(needed, L'\0');
  const DWORD count = needed ? GetFullPathNameW(name.c_str(), needed, full.data(), nullptr) : 0;
  if (!count || count >= needed) return name;
  full.resize(count);
  return full;
}

// A path as the calls take it. Names that may be beyond the old limit of 260 characters are told to the system in full, with the mark that lifts it.
inline std::wstring wide_path(const std::string& path) {
  constexpr size_t kSafeLength = 240;  // leaves room for what is added to a name beside it
  std::wstring name = wide(path);
  if (name.size() < kSafeLength || name.compare(0, 4, L"\\\\?\\") == 0) return name;
  const std::wstring full = full_path(path);
  return full.compare(0, 2, L"\\\\") == 0 ? L"\\\\?\\UNC\\" + full.substr(2) : L"\\\\?\\" + full;
}

}  // namespace atheria::windows
