import type { Command as ModuleCommand, CommandInput, Module } from '@purser/module';
import type { Command } from 'commander';

type Modules = readonly Module[];

/** Adds the commands of modules. Their code, and what they work with, is loaded when one runs. */
export function addModuleCommands(program: Command, modules: Modules): void {
  for (const { commands = [] } of modules) {
    for (const command of commands) add(program, command, modules);
  }
}

function add(program: Command, command: ModuleCommand, modules: Modules): void {
  const words = command.name.split(' ');
  const name = words.pop() ?? command.name;
  const parent = words.reduce((above, word) => groupOf(above, word, command.group), program);
  const built = parent.command(name).description(command.description);
  for (const { name: argument, description, optional } of command.arguments ?? [])
    built.argument(optional ? `[${argument}]` : `<${argument}>`, description);
  for (const option of command.options ?? [])
    built[option.required ? 'requiredOption' : 'option'](option.flags, option.description, option.default);
  built.action(async (...given: readonly unknown[]) => {
    const options = given.at(-2) as CommandInput['options'];
    const values = given.slice(0, -2) as CommandInput['arguments'];
    await run(command, { arguments: values, options }, modules);
  });
}

function groupOf(above: Command, word: string, about: string | undefined): Command {
  return above.commands.find((one) => one.name() === word) ?? above.command(word).description(about ?? '');
}

async function run(command: ModuleCommand, input: CommandInput, modules: Modules): Promise<void> {
  const [{ systemClock }, { catalogExtensions, turnOn }, { loadSettings }, { openDatabase }, { agreed, ask }] = await Promise.all(
    [
      import('@purser/core'),
      import('@purser/module'),
      import('@purser/settings'),
      import('./open-database.ts'),
      import('./agreed.ts'),
    ],
  );
  turnOn(modules);
  const settings = loadSettings(
    process.cwd(),
    modules.flatMap((module) => module.settings ?? []),
  );
  await using opened = new AsyncDisposableStack();
  let pool: ReturnType<typeof open> | undefined;
  const open = async () => opened.use(await openDatabase(settings)).pool;
  await command.run(input, {
    settings,
    clock: systemClock,
    catalog_extensions: catalogExtensions(modules),
    database: () => (pool ??= open()),
    print: (line) => console.log(line),
    ask,
    agree: (what, beforehand) => agreed(what, beforehand),
  });
}
