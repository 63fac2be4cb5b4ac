{
  'targets': [
    {
      'target_name': 'offload',
      'sources': ['unit.cc'],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags!': ['-fno-exceptions'],
      'cflags_cc!': ['-fno-exceptions'],
      'cflags': ['<!@(pkg-config --cflags libbpf)', '-Wall', '-Wextra', '-Wno-unused-parameter'],
      'libraries': ['<!@(pkg-config --libs libbpf)'],
    },
  ],
}
