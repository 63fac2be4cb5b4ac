// For ava in the virtual machine: one processor, which is slow.
export default {
  files: ['build/debian-suite/test/**/*.js'],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '30m',
  concurrency: 1,
  sortTestFiles: (a, b) => (a < b ? -1 : 1),
};
