/**
 * The surface of the native addon: bytes, integers and errno cross, nothing else. File descriptors are plain integers owned by the
 * caller, who closes them with `close`. Every call throws `NativeError` on failure.
 */

/** Thrown by the addon: `errno` is the positive number, `code` its name, `log` the verifier's log where there is one. */
export interface NativeError extends Error {
  readonly errno: number;
  readonly code: string;
  readonly step: string;
  readonly log?: string;
}

export interface MapSize {
  readonly name: string;
  readonly maxEntries?: number;
  readonly valueSize?: number;
  /** Use this map instead of creating one (shared by the programs of several devices). */
  readonly reuseFd?: number;
}

export interface LoadedFds {
  readonly program: number;
  /** Map fds by name; a section `.data.NAME` is the map NAME. `.rodata` is not among them. */
  readonly maps: Readonly<Record<string, number>>;
}

/** Frames one after the other in `bytes`; frame i is bytes[ends[i-1] .. ends[i]). */
export interface FrameBatch {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** Of a program that has ended: its exit code, or the signal that ended it; `cpu` in seconds. */
export interface ToolResult {
  readonly code: number | null;
  readonly signal: number | null;
  readonly cpu: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Bytes of `stdout` that were written to a file, instead of all of it. */
  readonly written: number;
}

/**
 * `files`: of which the first that is there is run. `args` begins with its name; `env` are lines NAME=VALUE. It is killed after so many
 * `milliseconds` (ETIMEDOUT), and when one of its outputs has more bytes than `most` (ENOBUFS).
 * What it prints goes to the descriptor `file` where that is more bytes than `held`.
 */
type RunArguments = [
  files: readonly string[],
  args: readonly string[],
  env: readonly string[],
  input: Uint8Array,
  milliseconds: number,
  most: number,
  ...longOutput: [] | [held: number, file: number],
];

export interface NativeApi {
  /** libbpf version, e.g. "1.1". */
  libbpfVersion(): string;
  /**
   * Opens the object, sets `.rodata` (must have exactly its size) and the map sizes, loads `program`; `isMultiBuffer`: it takes XDP frames of
   * several buffers, which its section need not say then. Throws with the verifier log.
   */
  load(
    object: Uint8Array,
    program: string,
    rodata: Uint8Array | null,
    maps: readonly MapSize[],
    isMultiBuffer?: boolean,
  ): Promise<LoadedFds>;
  /** Maps a BPF_F_MMAPABLE array into memory and copies `bytes` to `offset`. */
  writeMappable(mapFd: number, offset: number, bytes: Uint8Array): void;
  readMappable(mapFd: number, offset: number, length: number): Uint8Array;
  /** Maps all of a BPF_F_MMAPABLE array: what is stored there the program sees. Until `unmapMemory`, or until nobody has it any more. */
  mapMemory(mapFd: number): ArrayBuffer;
  /** Leaves the buffer, and all views of it, without bytes. */
  unmapMemory(memory: ArrayBuffer): void;
  updateBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): void;
  /** Of a map of maps: by a value that is the fd of a map, `updateBatch` puts one in. An element that is not there is no error. */
  deleteElement(mapFd: number, key: Uint8Array): void;
  /** Of a program array the value is the fd of a program. */
  updateElement(mapFd: number, key: Uint8Array, value: Uint8Array): void;
  /** Null: it is not there. Of a program array the value is the id of a program. Not for per-CPU maps. */
  lookupElement(mapFd: number, key: Uint8Array): Uint8Array | null;
  /** CPUs that there may ever be: the rows of a map with one value per CPU. */
  possibleCpus(): number;
  /** Sums u64s of a per-CPU array over the CPUs: `entries` entries from `first`, `u64sPerEntry` sums each. */
  readPerCpu(mapFd: number, first: number, entries: number, u64sPerEntry: number): BigUint64Array;
  /**
   * Of the first `entries` counters of a map `counters` (bpf/abi.h): packets and IP bytes, summed over the CPUs, while programs count on.
   * ERANGE: there are fewer.
   */
  readCounters(mapFd: number, entries: number): BigUint64Array;
  /** Sets them to zero, while no program counts. */
  clearCounters(mapFd: number): void;
  /** Sets every value of a per-CPU array to zero. */
  clearPerCpu(mapFd: number): void;
  /** XDP verdict of every frame (XDP_DROP 1, XDP_PASS 2). `ifindex` 0: the default context. */
  testRun(programFd: number, ifindex: number, frames: FrameBatch): Promise<Uint8Array>;
  /** Runs one frame `repeat` times; nanoseconds per run as the kernel reports them. */
  testRunTimed(
    programFd: number,
    ifindex: number,
    frame: Uint8Array,
    repeat: number,
  ): Promise<{ verdict: number; nanoseconds: number }>;
  /** BPF_F_TEST_XDP_LIVE_FRAMES: sends the frames through the program; XDP_PASS hands them to the device's own stack. */
  liveFrames(programFd: number, ifindex: number, frames: FrameBatch, repeat: number): Promise<{ nanoseconds: number }>;
  /** Sends the frames on the device as they are (AF_PACKET, raw). */
  sendFrames(ifindex: number, frames: FrameBatch): Promise<void>;
  /** flags: 4 native, 2 generic. Returns the link fd. */
  linkCreate(programFd: number, ifindex: number, flags: number): number;
  /** Atomic. `oldProgramFd` -1: whatever it is. */
  linkUpdate(linkFd: number, programFd: number, oldProgramFd: number): void;
  linkDetach(linkFd: number): void;
  /**
   * Puts a program (-1: none) in the place of the one that is on a device without a link, in one step. `flags` as of `linkCreate`. EEXIST: that
   * is not `oldProgramFd`; EBUSY: a link holds it.
   */
  netlinkReplace(ifindex: number, programFd: number, oldProgramFd: number, flags: number): void;
  /** Waits until every run of a program has ended that had begun (an RCU grace period, some 10 ms). */
  programsHaveEnded(): void;
  pin(fd: number, path: string): void;
  /** BPF_OBJ_GET. */
  openPinned(path: string): number;
  programInfo(fd: number): {
    id: number;
    tag: string;
    name: string;
    mapIds: number[];
    translatedBytes: number;
    /** Instructions that the verifier walked, of at most 1,000,000. */
    verifiedInstructions: number;
  };
  linkInfo(fd: number): { id: number; programId: number; ifindex: number };
  /** Opens by kernel id. */
  programById(id: number): number;
  mapById(id: number): number;
  mapInfo(fd: number): {
    id: number;
    name: string;
    type: number;
    keySize: number;
    valueSize: number;
    maxEntries: number;
  };
  /** Ids of the programs attached to a device at an attach point (enum bpf_attach_type); none where the kernel lacks the point. */
  queryPrograms(ifindex: number, attachType: number): number[];
  /** A BPF ring buffer of so many bytes: a power of two, whole pages. Returns its fd, which is readable when there is something in it. */
  createRing(name: string, bytes: number): number;
  /** Takes all whole records out of a ring. There is one reader at a time. */
  readRing(mapFd: number): FrameBatch;
  /**
   * Calls back on this thread whenever `fd` has something to read, and again until it has been read (level-triggered); also when an
   * error waits there, which reading tells. Keeps the process alive until it is closed. `fd` may be closed before that.
   */
  pollFd(fd: number, readable: () => void): { close(): void };
  /**
   * A non-blocking netlink socket in the caller's network namespace that is in these multicast groups (NETLINK_…, …NLGRP_…).
   * `receiveBuffer`: bytes that messages may wait in, each with its overhead; beyond that they are lost.
   */
  netlinkSubscribe(protocol: number, groups: readonly number[], receiveBuffer: number): number;
  netlinkSend(fd: number, message: Uint8Array): void;
  /** Messages of the kernel that are there, some hundred KiB at most; null: none. `lost`: some were thrown away, or had no room. */
  netlinkReceive(fd: number): Uint8Array | 'lost' | null;
  mountBpffs(path: string): void;
  /** Exclusive flock on a file or directory, released by `close` or the end of the process. EWOULDBLOCK while another holds it. */
  lock(path: string): number;
  close(fd: number): void;
  /** Sends bytes to a datagram socket of the file system, or of an abstract name, which is written with an @ first. */
  sendDatagram(path: string, bytes: Uint8Array): void;
  /** Runs a program and waits for its end, without a copy of this process's page tables, as Node makes one. ENOENT: none of `files` is there. */
  runTool(...run: RunArguments): ToolResult;
  /** The same beside JavaScript. */
  runToolBeside(...run: RunArguments): Promise<ToolResult>;
  /** Kills (SIGKILL) those that run at the moment, whichever threads wait for them. */
  endTools(): void;
}
