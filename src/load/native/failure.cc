// SPDX-License-Identifier: Apache-2.0
#include "failure.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

void Fail(const std::string &step) { Fail(step, errno); }

void Fail(const std::string &step, int error, const std::string &log) {
  throw Failure{error < 0 ? -error : error, step, log};
}

// 524 is the kernel's own ENOTSUPP: it reaches user space from bpf(2) although libc does not know it.
static std::string CodeOf(int error) {
  const char *name = strerrorname_np(error);
  if (name != nullptr) return name;
  return error == 524 ? "ENOTSUPP" : "E" + std::to_string(error);
}

static std::string TextOf(int error) {
  if (error == 524) return "Operation not supported by this kernel";
  // libbpf has numbers of its own behind those of the system.
  char text[128];
  if (error >= __LIBBPF_ERRNO__START && libbpf_strerror(error, text, sizeof text) == 0) return text;
  return strerror(error);
}

Napi::Error ToError(Napi::Env env, const Failure &failure) {
  const std::string code = CodeOf(failure.error);
  Napi::Error error = Napi::Error::New(env, failure.step + ": " + TextOf(failure.error) + " (" + code + ")");
  Napi::Object object = error.Value();
  object.Set("name", "NativeError");
  object.Set("errno", failure.error);
  object.Set("code", code);
  object.Set("step", failure.step);
  if (!failure.log.empty()) object.Set("log", failure.log);
  return error;
}
