import { account } from '@purser/account/module';
import { campaigns } from '@purser/campaigns/module';
import { operatorConsole } from '@purser/console/module';
import { gateway } from '@purser/gateway/module';
import { marketplace } from '@purser/marketplace/module';
import type { Module } from '@purser/module';
import { privacy } from '@purser/privacy/module';

import type { ServerDeps } from './deps.ts';

/** The modules of this installation. A product is turned on by a line here; server and command line read nothing else of it. */
export const MODULES: readonly Module<ServerDeps>[] = [gateway, account, campaigns, marketplace, privacy, operatorConsole];
