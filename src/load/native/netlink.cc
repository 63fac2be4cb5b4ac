// SPDX-License-Identifier: Apache-2.0
// Netlink sockets: what the kernel tells of itself, as it writes it.
#include <linux/netlink.h>
#include <napi.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "failure.h"

namespace {

// More than any datagram of the kernel (a dump's are at most 32 KiB).
constexpr size_t kDatagram = 64 * 1024;
// Of one call: what waits longer is read by the next one.
constexpr size_t kMost = 512 * 1024;

void SetReceiveBuffer(int fd, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) Fail("size netlink buffer");
}

enum class Received { kBytes, kNothing, kLost };

// Appends one datagram. Others than the kernel may send to the socket: theirs are left out.
Received ReceiveOne(int fd, std::vector<uint8_t> &into) {
  const size_t before = into.size();
  into.resize(before + kDatagram);
  sockaddr_nl sender{};
  iovec place{into.data() + before, kDatagram};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  ssize_t size;
  do {
    size = recvmsg(fd, &message, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  const int error = errno;
  into.resize(before + (size < 0 || sender.nl_pid != 0 ? 0 : NLMSG_ALIGN(size)));
  if (size >= 0) return message.msg_flags & MSG_TRUNC ? Received::kLost : Received::kBytes;
  if (error == ENOBUFS) return Received::kLost;
  if (error == EAGAIN || error == EWOULDBLOCK) return Received::kNothing;
  Fail("receive netlink messages", error);
}

}  // namespace

Napi::Value NetlinkSubscribe(const Napi::CallbackInfo &info) {
  const int protocol = IntegerOf(info[0]);
  const Napi::Array list = info[1].As<Napi::Array>();
  std::vector<int> groups;
  for (uint32_t i = 0; i < list.Length(); i++) groups.push_back(IntegerOf(list.Get(i)));
  const int buffer = IntegerOf(info[2]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    Descriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (fd.get() < 0) Fail("open netlink socket");
    SetReceiveBuffer(fd.get(), buffer);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (bind(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) Fail("bind netlink socket");
    for (const int group : groups)
      if (setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        Fail("subscribe to netlink group " + std::to_string(group));
    return Napi::Number::New(info.Env(), fd.release());
  });
}

Napi::Value NetlinkSend(const Napi::CallbackInfo &info) {
  const int fd = IntegerOf(info[0]);
  const View bytes = BytesOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (send(fd, bytes.data, bytes.size, 0) < 0) Fail("send netlink request");
    return info.Env().Undefined();
  });
}

Napi::Value NetlinkReceive(const Napi::CallbackInfo &info) {
  const int fd = IntegerOf(info[0]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    static thread_local std::vector<uint8_t> bytes;
    bytes.clear();
    while (bytes.size() < kMost) {
      const Received received = ReceiveOne(fd, bytes);
      if (received == Received::kLost) return Napi::String::New(info.Env(), "lost");
      if (received == Received::kNothing) break;
    }
    if (bytes.empty()) return info.Env().Null();
    return Napi::Buffer<uint8_t>::Copy(info.Env(), bytes.data(), bytes.size());
  });
}
