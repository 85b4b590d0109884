import { applyMode, Mode } from '@cloudscape-design/global-styles';

export type Theme = 'light' | 'dark' | 'system';

const key = 'dbtls-theme';

/** The theme that was chosen on this machine; the system's when none was. */
export function theme(): Theme {
  const kept = localStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Applies a theme, and keeps it when one is given. */
export function applyTheme(choice?: Theme): void {
  if (choice === 'system') localStorage.removeItem(key);
  else if (choice) localStorage.setItem(key, choice);
  const dark = theme() === 'dark' || (theme() === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  applyMode(dark ? Mode.Dark : Mode.Light);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => applyTheme());
