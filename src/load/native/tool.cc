// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end, with its output. posix_spawn(3) shares the memory of the caller until the program begins (CLONE_VFORK), where
// Node copies the page tables of all of it: milliseconds for each of the many tools that reading a host takes.
#include <fcntl.h>
#include <napi.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "failure.h"
#include "worker.h"

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) Fail("make a pipe");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  Descriptor read{-1};
  Descriptor write{-1};
};

std::vector<char *> PointersOf(std::vector<std::string> &texts) {
  std::vector<char *> pointers;
  for (std::string &text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What a program says, held up to some length, and beyond it all in a file.
struct Output {
  size_t most;
  size_t held;
  int file;
  size_t written = 0;
  std::vector<uint8_t> bytes{};

  // What of it is there; false: no more will come.
  bool Drain(int fd) {
    uint8_t chunk[65536];
    for (;;) {
      const ssize_t got = read(fd, chunk, sizeof chunk);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return true;
      if (got <= 0) return false;
      bytes.insert(bytes.end(), chunk, chunk + got);
      if (written + bytes.size() > most) Fail("output", ENOBUFS);
      if (written > 0 || bytes.size() > held) Write();
    }
  }

 private:
  void Write() {
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t sent = write(file, bytes.data() + at, bytes.size() - at);
      if (sent < 0 && errno != EINTR) Fail("write output");
      if (sent > 0) at += sent;
    }
    written += bytes.size();
    bytes.clear();
  }
};

// Of all threads. A process stays here until it has ended and before it is waited for: until then its number is nobody else's.
std::mutex running_lock;
std::set<pid_t> running;

struct ToolJob {
  std::vector<std::string> files;  // the first that can be run is
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<uint8_t> input;
  int64_t milliseconds;
  Output out, err;
  int status = 0;
  double cpu = 0;

  void Run() {
    Pipe in, from, errors;
    const pid_t child = Spawn(in.read.get(), from.write.get(), errors.write.get());
    {
      const std::lock_guard<std::mutex> guard(running_lock);
      running.insert(child);
    }
    try {
      for (Pipe *one : {&in, &from, &errors}) (one == &in ? one->read : one->write) = Descriptor(-1);
      Talk(in.write, from.read, errors.read);
    } catch (const Failure &) {
      kill(child, SIGKILL);
      Wait(child);
      throw;
    }
    Wait(child);
  }
  Napi::Value Result(Napi::Env env) {
    Napi::Object result = Napi::Object::New(env);
    result.Set("code", WIFEXITED(status) ? Napi::Number::New(env, WEXITSTATUS(status)) : env.Null());
    result.Set("signal", WIFSIGNALED(status) ? Napi::Number::New(env, WTERMSIG(status)) : env.Null());
    result.Set("cpu", cpu);
    result.Set("stdout", Napi::Buffer<uint8_t>::Copy(env, out.bytes.data(), out.bytes.size()));
    result.Set("stderr", Napi::Buffer<uint8_t>::Copy(env, err.bytes.data(), err.bytes.size()));
    result.Set("written", Napi::Number::New(env, out.written));
    return result;
  }

 private:
  pid_t Spawn(int in, int to, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, to, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    // Node ignores SIGPIPE; its threads block others.
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const std::vector<char *> argv = PointersOf(arguments), envp = PointersOf(environment);
    int error = ENOENT;
    pid_t child = -1;
    for (const std::string &file : files) {
      if (access(file.c_str(), X_OK) != 0) continue;
      error = posix_spawn(&child, file.c_str(), &actions, &attributes, argv.data(), envp.data());
      if (error != ENOENT && error != EACCES && error != ENOTDIR) break;
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) Fail("run", error);
    return child;
  }

  void Talk(Descriptor &in, Descriptor &from, Descriptor &errors) {
    for (const Descriptor *fd : {&in, &from, &errors}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    size_t written = 0;
    while (from.get() >= 0 || errors.get() >= 0) {
      if (written == input.size()) in = Descriptor(-1);
      pollfd fds[] = {{in.get(), POLLOUT, 0}, {from.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}};
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) Fail("wait", ETIMEDOUT);
      if (poll(fds, 3, left.count()) < 0 && errno != EINTR) Fail("wait");
      if (fds[0].revents != 0) {
        const ssize_t sent = write(in.get(), input.data() + written, input.size() - written);
        // A program that does not want all of its input has its reasons.
        if (sent >= 0)
          written += sent;
        else if (errno != EAGAIN && errno != EINTR)
          written = input.size();
      }
      if (fds[1].revents != 0 && !out.Drain(from.get())) from = Descriptor(-1);
      if (fds[2].revents != 0 && !err.Drain(errors.get())) errors = Descriptor(-1);
    }
  }

  void Wait(pid_t child) {
    siginfo_t ended;
    while (waitid(P_PID, child, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
    {
      const std::lock_guard<std::mutex> guard(running_lock);
      running.erase(child);
    }
    rusage usage{};
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) continue;
    for (const timeval &time : {usage.ru_utime, usage.ru_stime}) cpu += time.tv_sec + time.tv_usec / 1e6;
  }
};

std::vector<std::string> TextsOf(const Napi::Value &value) {
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); i++) texts.push_back(TextOf(array.Get(i)));
  return texts;
}

ToolJob ToolOf(const Napi::CallbackInfo &info) {
  const size_t most = IntegerOf(info[5]);
  const bool spills = info.Length() > 6;
  const Output out{most, spills ? static_cast<size_t>(IntegerOf(info[6])) : most,
                   spills ? static_cast<int>(IntegerOf(info[7])) : -1};
  return {TextsOf(info[0]),      TextsOf(info[1]), TextsOf(info[2]), CopyOf(info[3]), IntegerOf(info[4]), out,
          Output{most, most, -1}};
}

}  // namespace

Napi::Value RunTool(const Napi::CallbackInfo &info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    ToolJob job = ToolOf(info);
    job.Run();
    return job.Result(info.Env());
  });
}

Napi::Value EndTools(const Napi::CallbackInfo &info) {
  const std::lock_guard<std::mutex> guard(running_lock);
  for (const pid_t child : running) kill(child, SIGKILL);
  return info.Env().Undefined();
}

Napi::Value RunToolBeside(const Napi::CallbackInfo &info) { return Worker<ToolJob>::Start(info.Env(), ToolOf(info)); }
