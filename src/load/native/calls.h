// SPDX-License-Identifier: Apache-2.0
// Every call of src/load/native-api.ts, by the file that implements it.
#pragma once
#include <napi.h>

// load.cc
Napi::Value LibbpfVersion(const Napi::CallbackInfo &info);
Napi::Value Load(const Napi::CallbackInfo &info);
void SilenceLibbpf();

// maps.cc
Napi::Value WriteMappable(const Napi::CallbackInfo &info);
Napi::Value ReadMappable(const Napi::CallbackInfo &info);
Napi::Value MapMemory(const Napi::CallbackInfo &info);
Napi::Value UnmapMemory(const Napi::CallbackInfo &info);
Napi::Value UpdateBatch(const Napi::CallbackInfo &info);
Napi::Value DeleteElement(const Napi::CallbackInfo &info);
Napi::Value UpdateElement(const Napi::CallbackInfo &info);
Napi::Value LookupElement(const Napi::CallbackInfo &info);
Napi::Value PossibleCpus(const Napi::CallbackInfo &info);
Napi::Value ReadPerCpu(const Napi::CallbackInfo &info);
Napi::Value ClearPerCpu(const Napi::CallbackInfo &info);

// counters.cc
Napi::Value ReadCounters(const Napi::CallbackInfo &info);
Napi::Value ClearCounters(const Napi::CallbackInfo &info);

// run.cc
Napi::Value TestRun(const Napi::CallbackInfo &info);
Napi::Value TestRunTimed(const Napi::CallbackInfo &info);
Napi::Value LiveFrames(const Napi::CallbackInfo &info);
Napi::Value SendFrames(const Napi::CallbackInfo &info);

// poll.cc
Napi::Value PollFd(const Napi::CallbackInfo &info);

// ring.cc
Napi::Value CreateRing(const Napi::CallbackInfo &info);
Napi::Value ReadRing(const Napi::CallbackInfo &info);

// link.cc
Napi::Value LinkCreate(const Napi::CallbackInfo &info);
Napi::Value LinkUpdate(const Napi::CallbackInfo &info);
Napi::Value LinkDetach(const Napi::CallbackInfo &info);
Napi::Value NetlinkReplace(const Napi::CallbackInfo &info);
Napi::Value ProgramsHaveEnded(const Napi::CallbackInfo &info);
Napi::Value Pin(const Napi::CallbackInfo &info);
Napi::Value OpenPinned(const Napi::CallbackInfo &info);
Napi::Value MountBpffs(const Napi::CallbackInfo &info);
Napi::Value Lock(const Napi::CallbackInfo &info);
Napi::Value Close(const Napi::CallbackInfo &info);

// inspect.cc
Napi::Value ProgramInfo(const Napi::CallbackInfo &info);
Napi::Value LinkInfo(const Napi::CallbackInfo &info);
Napi::Value MapInfo(const Napi::CallbackInfo &info);
Napi::Value ProgramById(const Napi::CallbackInfo &info);
Napi::Value MapById(const Napi::CallbackInfo &info);
Napi::Value QueryPrograms(const Napi::CallbackInfo &info);

// netlink.cc
Napi::Value NetlinkSubscribe(const Napi::CallbackInfo &info);
Napi::Value NetlinkSend(const Napi::CallbackInfo &info);
Napi::Value NetlinkReceive(const Napi::CallbackInfo &info);

// datagram.cc
Napi::Value SendDatagram(const Napi::CallbackInfo &info);

// tool.cc
Napi::Value RunTool(const Napi::CallbackInfo &info);
Napi::Value EndTools(const Napi::CallbackInfo &info);
Napi::Value RunToolBeside(const Napi::CallbackInfo &info);
