/** The addon, loaded when first asked for: everything from parsing to the residual runs without it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LoadError } from './load-error.js';
import type { NativeApi } from './native-api.js';
import { packageRoot } from './package-root.js';

let loaded: NativeApi | undefined;

/** Throws LoadError when the addon is not built or cannot be loaded here. */
export function loadNative(): NativeApi {
  return (loaded ??= requireAddon());
}

/** Null: nobody has asked for it yet. */
export const nativeIfLoaded = (): NativeApi | null => loaded ?? null;

/** Null: it cannot be loaded here, and who asks does without it. */
export function nativeIfThere(): NativeApi | null {
  try {
    return loadNative();
  } catch (error) {
    if (error instanceof LoadError) return null;
    throw error;
  }
}

function requireAddon(): NativeApi {
  const file = join(packageRoot(), 'src/load/native/build/Release/offload.node');
  const rebuild =
    'run `npx node-gyp rebuild -C src/load/native` (it needs a C++ compiler, the headers of Node and libbpf-dev)';
  if (!existsSync(file)) {
    throw new LoadError({
      errno: 0,
      step: 'load addon',
      message: `the native addon is not built: ${file} is missing`,
      hint: rebuild,
    });
  }
  const addon = required(file, rebuild);
  if ((addon[newest] as unknown) !== undefined) return addon;
  throw new LoadError({
    errno: 0,
    step: 'load addon',
    message: `the native addon is of another version of offload: ${file} does not know ${newest}`,
    hint: rebuild,
  });
}

/** The last call that came: an addon that was built before does not have it. */
const newest: keyof NativeApi = 'endTools';

function required(file: string, hint: string): NativeApi {
  try {
    return createRequire(import.meta.url)(file) as NativeApi;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LoadError({
      errno: 0,
      step: 'load addon',
      message: `the native addon cannot be loaded: ${reason}`,
      hint,
      cause,
    });
  }
}
