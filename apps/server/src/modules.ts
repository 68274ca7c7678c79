import { account } from '@purser/account';
import { operatorConsole } from '@purser/console';
import { gateway } from '@purser/gateway';
import { marketplace } from '@purser/marketplace';
import type { Module } from '@purser/module';
import { privacy } from '@purser/privacy';

import type { RouteDeps } from './deps.ts';

/** The modules of this installation. A product is turned on by a line here; server and command line read nothing else of it. */
export const MODULES: readonly Module<RouteDeps>[] = [gateway, account, marketplace, privacy, operatorConsole];
