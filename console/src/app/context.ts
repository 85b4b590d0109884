import { createContext, useContext } from 'react';
import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import type { Me } from '../api/http';

export interface Context {
  me: Me;
  region: string;
  enterRegion: (name: string) => void; // as the selector at the top does
  /** Says something at the top of the page until it is dismissed. */
  say: (type: FlashbarProps.Type, text: string) => void;
  /** Whether the user's role may do what an operator does; buttons ask. */
  mayChange: boolean;
}

export const AppContext = createContext<Context | undefined>(undefined);

/** Who is signed in, and where. Inside the shell only. */
export function useApp(): Context {
  const c = useContext(AppContext);
  if (!c) throw new Error('no application context');
  return c;
}
