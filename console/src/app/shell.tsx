import AppLayout from '@cloudscape-design/components/app-layout';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import Spinner from '@cloudscape-design/components/spinner';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { Suspense, useCallback, useMemo, useState } from 'react';
import { Route, Router, Switch, useLocation } from 'wouter';
import { send, setRegion, type Me } from '../api/http';
import { unlisten } from '../api/live';
import { NotFound } from '../parts/not_found';
import { AppContext } from './context';
import { pages } from './pages';
import { keepRegion, startRegion } from './region';
import { applyTheme, theme, type Theme } from './theme';
import './shell.css';

/** The frame of every page: region, theme, user, navigation, messages. */
export function Shell({ me, onSignOut }: { me: Me; onSignOut: () => void }) {
  return (
    <Router base="/console">
      <Frame me={me} onSignOut={onSignOut} />
    </Router>
  );
}

const looks: Record<Theme, string> = { light: 'Light', dark: 'Dark', system: 'System' };

function Frame({ me, onSignOut }: { me: Me; onSignOut: () => void }) {
  const [region, chooseRegion] = useState(() => startRegion(me));
  const [messages, setMessages] = useState<FlashbarProps.MessageDefinition[]>([]);
  const [look, setLook] = useState<Theme>(theme());
  const [open, setOpen] = useState(() => innerWidth >= 900); // on a phone it would cover the page
  const [born] = useState(() => Date.now());
  const [path, navigate] = useLocation();

  const say = useCallback((type: FlashbarProps.Type, text: string) => {
    const id = String(Date.now() + Math.random());
    setMessages(all => [...all.slice(-4), { id, type, content: text, dismissible: true, onDismiss: () => setMessages(rest => rest.filter(m => m.id !== id)) }]);
  }, []);
  const enterRegion = useCallback((name: string) => {
    keepRegion(name);
    setRegion(name);
    chooseRegion(name);
  }, []);
  const context = useMemo(() => ({ me, region, enterRegion, say, mayChange: me.role === 'operator' || me.role === 'admin' }), [me, region, enterRegion, say]);
  const signOut = async () => {
    unlisten();
    await send('/console/session', { method: 'DELETE' }).catch(() => undefined);
    onSignOut();
  };
  const section = '/' + (path.split('/')[1] ?? '');
  return (
    <AppContext.Provider value={context}>
      <div id="top">
        <TopNavigation
          identity={{ href: '/console/', title: 'dbtls', onFollow: e => (e.preventDefault(), navigate('/')) }}
          utilities={[
            {
              type: 'menu-dropdown',
              text: region,
              ariaLabel: `Region ${region}`,
              items: me.regions.map(id => ({ id, text: id })),
              onItemClick: e => enterRegion(e.detail.id),
            },
            {
              type: 'menu-dropdown',
              text: looks[look],
              ariaLabel: `Theme ${looks[look]}`,
              items: [
                { id: 'system', text: 'As the system' },
                { id: 'light', text: 'Light' },
                { id: 'dark', text: 'Dark' },
              ],
              onItemClick: e => {
                applyTheme(e.detail.id as Theme);
                setLook(e.detail.id as Theme);
              },
            },
            {
              type: 'menu-dropdown',
              text: me.user,
              description: me.role,
              iconName: 'user-profile',
              items: [{ id: 'out', text: 'Sign out' }],
              onItemClick: signOut,
            },
          ]}
        />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationOpen={open}
        onNavigationChange={e => {
          // Before it has measured itself, the layout takes every window for a small one.
          const unmeasured = !e.detail.open && innerWidth >= 900 && Date.now() - born < 1500;
          if (!unmeasured) setOpen(e.detail.open);
        }}
        notifications={<Flashbar items={messages} />}
        navigation={
          <SideNavigation
            activeHref={section}
            items={pages.filter(p => p.nav).map(p => ({ type: 'link' as const, text: p.nav!, href: p.path }))}
            onFollow={e => {
              e.preventDefault();
              navigate(e.detail.href);
            }}
          />
        }
        content={
          <Suspense fallback={<Spinner size="large" />} key={region}>
            <Switch>
              {pages.map(p => (
                <Route key={p.path} path={p.path} component={p.component} />
              ))}
              <Route>
                <NotFound />
              </Route>
            </Switch>
          </Suspense>
        }
      />
    </AppContext.Provider>
  );
}
