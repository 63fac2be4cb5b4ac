/** A syntax tree as nft text: parsed again it gives the same tree, places aside. Layout is that of `nft list ruleset`. */
import type {
  Chain,
  Command,
  Declaration,
  Flowtable,
  NftFile,
  ObjectDeclaration,
  Priority,
  Removal,
  Rule,
  SetDeclaration,
  SetType,
  TableItem,
} from './tree.js';
import { printExpression, printName, quoted, words } from './print-expression.js';
import { handleText, printRule, printStatement } from './print-statement.js';
import { timeText } from './time.js';

export function printNft(file: NftFile): string {
  return file.commands.map((command) => `${printCommand(command)}\n`).join('');
}

export function printCommand(command: Command): string {
  switch (command.kind) {
    case 'table': {
      const head = words(
        command.verb === 'create' ? 'create' : null,
        'table',
        command.family,
        printName(command.table),
      );
      if (!command.items) return command.verb === 'create' ? head : `add ${head}`;
      const lines = [
        ...(command.flags.length > 0 ? [`flags ${command.flags.join(',')}`] : []),
        ...(command.comment === null ? [] : [`comment ${quoted(command.comment)}`]),
        ...command.items.map(printItem),
      ];
      return block(`${head} {${handleText(command.handle)}`, lines);
    }
    case 'declaration':
      return printDeclaration(command);
    case 'ruleCommand': {
      const { verb, family, table, chain, position, rule } = command;
      const place = position ? `${position.kind} ${position.number}` : null;
      return `${words(verb, 'rule', family, printName(table), printName(chain), place, printRule(rule))}${handleText(rule.handle)}`;
    }
    case 'elementCommand':
      return words(
        command.verb,
        'element',
        command.family,
        printName(command.table),
        printName(command.set),
        printExpression(command.elements),
      );
    case 'removal':
      return printRemoval(command);
    case 'idle':
      return command.text;
    case 'define':
    case 'undefine':
    case 'include':
    case 'opaque':
      return printItem(command);
  }
}

const block = (head: string, lines: readonly string[]): string =>
  `${head}\n${lines.map((line) => `\t${line.replaceAll('\n', '\n\t')}\n`).join('')}}`;

function printDeclaration({ verb, family, table, declared }: Declaration): string {
  const text = printItem(declared);
  // `chain name {` becomes `add chain family table name {`.
  const object =
    declared.kind === 'objectDeclaration'
      ? declared.object
      : declared.kind === 'setDeclaration'
        ? declared.keyword
        : declared.kind;
  return `${verb} ${object} ${family} ${printName(table)} ${text.slice(object.length + 1)}`;
}

function printRemoval(r: Removal): string {
  const handle = r.handle === null ? null : `handle ${r.handle}`;
  const plural = r.object.endsWith('s') && r.object !== 'flowtables' && r.table !== null ? 'table' : null;
  const name = r.name === null ? null : printName(r.name);
  const newName = r.newName === null ? null : printName(r.newName);
  return words(r.verb, r.object, plural, r.family, r.table === null ? null : printName(r.table), name, handle, newName);
}

export function printItem(item: TableItem | Rule): string {
  switch (item.kind) {
    case 'chain':
      return printChain(item);
    case 'setDeclaration':
      return printSetDeclaration(item);
    case 'objectDeclaration':
      return printObject(item);
    case 'flowtable':
      return printFlowtable(item);
    case 'rule':
      return `${printRule(item)}${handleText(item.handle)}`;
    case 'define':
      return `${item.verb} ${item.name} = ${printExpression(item.value)}`;
    case 'undefine':
      return `undefine ${item.name}`;
    case 'include':
      return `include "${item.pattern}"`;
    case 'opaque':
      return item.text;
  }
}

export function priorityText({ name, offset, variable }: Priority): string {
  if (variable) return `priority $${variable.name}`;
  if (name === null) return `priority ${offset}`;
  return words('priority', name, offset === 0 ? null : `${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`);
}

function printChain(chain: Chain): string {
  const { name, handle, hook, policy, flags, comment, items } = chain;
  const lines: string[] = [];
  if (comment !== null) lines.push(`comment ${quoted(comment)}`);
  if (hook) {
    const devices = hook.devices.map(printExpression);
    const device =
      devices.length === 0
        ? null
        : devices.length === 1
          ? `device ${devices.join()}`
          : `devices = { ${devices.join(', ')} }`;
    const after = policy ? ` policy ${printExpression(policy)};` : '';
    lines.push(`${words('type', hook.type, 'hook', hook.hook, device, priorityText(hook.priority))};${after}`);
  } else if (policy) lines.push(`policy ${printExpression(policy)};`);
  if (flags.length > 0) lines.push(`flags ${flags.join(',')}`);
  return block(`chain ${printName(name)} {${handleText(handle)}`, [...lines, ...items.map(printItem)]);
}

const typeText = (type: SetType): string =>
  type.kind === 'names' ? `type ${type.names.join(' . ')}` : `typeof ${printExpression(type.expression)}`;

function printSetDeclaration(set: SetDeclaration): string {
  const lines: string[] = [];
  if (set.key) {
    const data = set.data
      ? ` : ${set.dataInterval ? 'interval ' : ''}${typeText(set.data).replace(/^type(?:of)? /, '')}`
      : '';
    lines.push(`${typeText(set.key)}${data}`);
  }
  if (set.policy !== null) lines.push(`policy ${set.policy}`);
  if (set.size !== null) lines.push(`size ${set.size}`);
  if (set.flags.length > 0) lines.push(`flags ${set.flags.join(',')}`);
  if (set.timeout !== null) lines.push(`timeout ${timeText(set.timeout)}`);
  if (set.gcInterval !== null) lines.push(`gc-interval ${timeText(set.gcInterval)}`);
  if (set.autoMerge) lines.push('auto-merge');
  if (set.comment !== null) lines.push(`comment ${quoted(set.comment)}`);
  if (set.statements.length > 0) lines.push(set.statements.map(printStatement).join(' '));
  lines.push(...set.opaque.map(({ text }) => text));
  if (set.elements) lines.push(`elements = ${printExpression(set.elements)}`);
  return block(`${set.keyword} ${printName(set.name)} {${handleText(set.handle)}`, lines);
}

function printObject({ object, name, handle, comment, attributes }: ObjectDeclaration): string {
  const lines = [...attributes, ...(comment === null ? [] : [`comment ${quoted(comment)}`])];
  return block(`${object} ${printName(name)} {${handleText(handle)}`, lines);
}

function printFlowtable(table: Flowtable): string {
  const lines: string[] = [];
  if (table.hook !== null && table.priority) lines.push(`hook ${table.hook} ${priorityText(table.priority)}`);
  if (table.devices.length > 0) {
    const [only] = table.devices;
    const list =
      only?.kind === 'variable' && table.devices.length === 1
        ? printExpression(only)
        : `{ ${table.devices.map(printExpression).join(', ')} }`;
    lines.push(`devices = ${list}`);
  }
  if (table.flags.length > 0) lines.push(`flags ${table.flags.join(',')}`);
  if (table.counter) lines.push('counter');
  lines.push(...table.opaque.map(({ text }) => text));
  return block(`flowtable ${printName(table.name)} {${handleText(table.handle)}`, lines);
}
