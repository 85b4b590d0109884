import { useEffect, useState } from 'react';
import { begin, session, setRegion, type Me } from '../api/http';
import { listen, unlisten } from '../api/live';
import { startRegion } from './region';
import { Shell } from './shell';
import { SignIn } from './sign_in';

/** Asks who is signed in; takes the one-time token of a link, which is in the fragment and never reaches a log. */
async function resume(): Promise<Me | undefined> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  const response = await fetch('/console/session', token ? { method: 'POST', body: JSON.stringify({ token }), headers: { 'Content-Type': 'application/json' } } : {});
  return response.ok ? ((await response.json()) as Me) : undefined;
}

export function App() {
  const [me, setMe] = useState<Me | null>(); // null: nobody is signed in
  const enter = (who: Me | undefined) => {
    if (who) {
      begin(who);
      setRegion(startRegion(who));
      listen();
    }
    setMe(who ?? null);
  };
  useEffect(() => {
    resume().then(enter, () => enter(undefined));
    const ended = () => {
      unlisten();
      setMe(null);
    };
    session.addEventListener('ended', ended);
    return () => session.removeEventListener('ended', ended);
  }, []);
  if (me === undefined) return null;
  return me ? <Shell me={me} onSignOut={() => enter(undefined)} /> : <SignIn onEnter={enter} />;
}
