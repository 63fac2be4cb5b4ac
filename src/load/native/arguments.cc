// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

View BytesOf(const Napi::Value &value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Napi::TypeError::New(value.Env(), "bug: a Uint8Array was expected");
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::vector<uint8_t> CopyOf(const Napi::Value &value) {
  const View view = BytesOf(value);
  return {view.data, view.data + view.size};
}

int64_t IntegerOf(const Napi::Value &value) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), "bug: a number was expected");
  return value.As<Napi::Number>().Int64Value();
}

std::string TextOf(const Napi::Value &value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "bug: a string was expected");
  return value.As<Napi::String>().Utf8Value();
}

Frames FramesOf(const Napi::Value &value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "bug: a frame batch was expected");
  Napi::Object batch = value.As<Napi::Object>();
  Napi::Value ends = batch.Get("ends");
  if (!ends.IsTypedArray() || ends.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
    throw Napi::TypeError::New(value.Env(), "bug: frame ends must be a Uint32Array");
  Napi::Uint32Array array = ends.As<Napi::Uint32Array>();
  Frames frames{CopyOf(batch.Get("bytes")), {array.Data(), array.Data() + array.ElementLength()}};
  uint32_t last = 0;
  for (uint32_t end : frames.ends) {
    if (end < last || end > frames.bytes.size())
      throw Napi::RangeError::New(value.Env(), "bug: frame ends out of order");
    last = end;
  }
  return frames;
}
