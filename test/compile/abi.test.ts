/** src/compile/abi.ts and bpf/abi.h say the same: compared by the BTF of the built object. */
import { execFileSync } from 'node:child_process';
import test from 'ava';
import { config, control, offsetOf, sizeOf, type Struct } from '../../src/compile/abi.js';
import { objectFile } from './loaded.js';

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number; readonly bits_offset: number }[];
}

function readBtf(): Map<number, BtfType> {
  const text = execFileSync('bpftool', ['btf', 'dump', 'file', objectFile, '-j'], { encoding: 'utf8' });
  const { types } = JSON.parse(text) as { types: BtfType[] };
  return new Map(types.map((type) => [type.id, type]));
}

/** Element type and count behind typedefs, qualifiers and (nested) arrays. */
function element(types: ReadonlyMap<number, BtfType>, id: number): { type: BtfType; count: number } {
  let type = types.get(id)!;
  let count = 1;
  while (type.kind === 'TYPEDEF' || type.kind === 'ARRAY' || type.kind === 'CONST' || type.kind === 'VOLATILE') {
    if (type.kind === 'ARRAY') count *= type.nr_elems!;
    type = types.get(type.type_id!)!;
  }
  return { type, count };
}

test('the configuration and what may change while it runs have the layout that the program was built with', (t) => {
  const types = readBtf();
  const compare = (struct: Struct, btf: BtfType): void => {
    t.is(sizeOf(struct), btf.size!, struct.name);
    t.deepEqual(
      struct.members.map(([name]) => name),
      btf.members!.map(({ name }) => name),
    );
    struct.members.forEach(([name, bytes, count = 1], i) => {
      const member = btf.members![i]!;
      const { type, count: elements } = element(types, member.type_id);
      const where = `${struct.name}.${name}`;
      t.is(offsetOf(struct, name), member.bits_offset / 8, where);
      t.is(count, elements, where);
      t.is(sizeOf(bytes), type.size!, where);
      if (typeof bytes !== 'number') compare(bytes, type);
    });
  };
  for (const struct of [config, control])
    compare(
      struct,
      [...types.values()].find(({ kind, name }) => kind === 'STRUCT' && name === struct.name)!,
    );
});
