/** The pages of the parts, in the order in which they stand in docs/benchmarks/README.md. */
import { capacityPage } from './capacity/page.js';
import { dataplanePage } from './dataplane/page.js';
import { goodputPage } from './goodput/page.js';
import { legitimatePage } from './legitimate/page.js';
import { planningPage } from './planning/page.js';
import type { Page } from './report/page.js';
import { updatesPage } from './updates/page.js';
import { watchPage } from './watch/page.js';

export const pages: Readonly<Record<string, Page>> = {
  dataplane: dataplanePage,
  capacity: capacityPage,
  legitimate: legitimatePage,
  goodput: goodputPage,
  updates: updatesPage,
  watch: watchPage,
  planning: planningPage,
};
