// SPDX-License-Identifier: Apache-2.0
// One datagram to a socket of the file system: how a service tells the manager that it is ready. Node has no such sockets.
#include <napi.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"
#include "failure.h"

Napi::Value SendDatagram(const Napi::CallbackInfo &info) {
  const std::string path = TextOf(info[0]);
  const View bytes = BytesOf(info[1]);
  return Guard(info.Env(), [&]() -> Napi::Value {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) Fail("send to " + path, ENAMETOOLONG);
    memcpy(address.sun_path, path.data(), path.size());
    // An abstract name (unix(7)) begins with a zero, which is written @.
    if (path[0] == '@') address.sun_path[0] = '\0';
    const Descriptor fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) Fail("socket");
    const socklen_t size = offsetof(sockaddr_un, sun_path) + path.size();
    const auto *to = reinterpret_cast<const sockaddr *>(&address);
    if (sendto(fd.get(), bytes.data, bytes.size, MSG_NOSIGNAL, to, size) < 0) Fail("send to " + path);
    return info.Env().Undefined();
  });
}
