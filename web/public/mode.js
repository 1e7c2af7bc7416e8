// The pinned colour mode, set before the first paint; a file of its own because inline scripts are not allowed.
try {
  const mode = localStorage.getItem("ohmstead.mode");
  if (mode === "light" || mode === "dark") document.documentElement.dataset.mode = mode;
} catch {
  // Storage is closed to this page: the system's mode is used.
}
