// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "calls.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  SilenceLibbpf();
  const struct {
    const char *name;
    Napi::Value (*call)(const Napi::CallbackInfo &);
  } calls[] = {
      {"libbpfVersion", LibbpfVersion},
      {"load", Load},
      {"writeMappable", WriteMappable},
      {"readMappable", ReadMappable},
      {"mapMemory", MapMemory},
      {"unmapMemory", UnmapMemory},
      {"updateBatch", UpdateBatch},
      {"deleteElement", DeleteElement},
      {"updateElement", UpdateElement},
      {"lookupElement", LookupElement},
      {"readPerCpu", ReadPerCpu},
      {"readCounters", ReadCounters},
      {"clearCounters", ClearCounters},
      {"possibleCpus", PossibleCpus},
      {"testRun", TestRun},
      {"testRunTimed", TestRunTimed},
      {"liveFrames", LiveFrames},
      {"sendFrames", SendFrames},
      {"linkCreate", LinkCreate},
      {"linkUpdate", LinkUpdate},
      {"linkDetach", LinkDetach},
      {"netlinkReplace", NetlinkReplace},
      {"programsHaveEnded", ProgramsHaveEnded},
      {"pin", Pin},
      {"openPinned", OpenPinned},
      {"programInfo", ProgramInfo},
      {"linkInfo", LinkInfo},
      {"programById", ProgramById},
      {"mapById", MapById},
      {"mapInfo", MapInfo},
      {"mountBpffs", MountBpffs},
      {"queryPrograms", QueryPrograms},
      {"pollFd", PollFd},
      {"createRing", CreateRing},
      {"readRing", ReadRing},
      {"netlinkSubscribe", NetlinkSubscribe},
      {"netlinkSend", NetlinkSend},
      {"netlinkReceive", NetlinkReceive},
      {"lock", Lock},
      {"close", Close},
      {"clearPerCpu", ClearPerCpu},
      {"sendDatagram", SendDatagram},
      {"runTool", RunTool},
      {"endTools", EndTools},
      {"runToolBeside", RunToolBeside},
  };
  for (const auto &entry : calls) exports.Set(entry.name, Napi::Function::New(env, entry.call, entry.name));
  return exports;
}

NODE_API_MODULE(offload, Init)
