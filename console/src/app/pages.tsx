import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

export interface Page {
  path: string; // of wouter, below /console
  nav?: string; // its name in the navigation, none: reached from another page
  component: LazyExoticComponent<ComponentType>;
}

/** Every page there is, in the order of the navigation. Each is loaded when it is first shown. */
export const pages: Page[] = [
  { path: '/', nav: 'Overview', component: lazy(() => import('../pages/overview/overview')) },
  { path: '/databases', nav: 'Databases', component: lazy(() => import('../pages/databases/list')) },
  { path: '/databases/create', component: lazy(() => import('../pages/databases/create')) },
  { path: '/databases/:name/:tab?', component: lazy(() => import('../pages/databases/detail')) },
  { path: '/parameter-groups', nav: 'Parameter groups', component: lazy(() => import('../pages/groups/list')) },
  { path: '/parameter-groups/:kind/:name', component: lazy(() => import('../pages/groups/detail')) },
  { path: '/cas', nav: 'Certificate authorities', component: lazy(() => import('../pages/cas/cas')) },
  { path: '/certificates', nav: 'Certificates', component: lazy(() => import('../pages/certificates/list')) },
  { path: '/endpoints', nav: 'Endpoints', component: lazy(() => import('../pages/endpoints/list')) },
  { path: '/endpoints/create', component: lazy(() => import('../pages/endpoints/edit')) },
  { path: '/endpoints/:name/edit', component: lazy(() => import('../pages/endpoints/edit')) },
  { path: '/endpoints/:name', component: lazy(() => import('../pages/endpoints/detail')) },
  { path: '/replication-instances', nav: 'Replication instances', component: lazy(() => import('../pages/endpoints/replication')) },
  { path: '/clients', nav: 'Clients', component: lazy(() => import('../pages/clients/clients')) },
  { path: '/activity', nav: 'Activity', component: lazy(() => import('../pages/activity/activity')) },
];
