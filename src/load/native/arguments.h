// SPDX-License-Identifier: Apache-2.0
// Copies JavaScript arguments into plain values. TypeScript has validated them; a wrong type throws TypeError, never
// crashes.
#pragma once
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

// A view into JavaScript's memory: valid during a synchronous call only.
struct View {
  const uint8_t *data;
  size_t size;
};

struct Frames {
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> ends;

  size_t count() const { return ends.size(); }
  const uint8_t *data(size_t i) const { return bytes.data() + (i == 0 ? 0 : ends[i - 1]); }
  uint32_t size(size_t i) const { return ends[i] - (i == 0 ? 0 : ends[i - 1]); }
};

View BytesOf(const Napi::Value &value);
std::vector<uint8_t> CopyOf(const Napi::Value &value);
int64_t IntegerOf(const Napi::Value &value);
std::string TextOf(const Napi::Value &value);
// Ends must rise and stay inside the bytes.
Frames FramesOf(const Napi::Value &value);
