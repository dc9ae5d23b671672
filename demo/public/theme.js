// Bootstrap's colours follow an attribute, and the visitor's wish is a media query: this script leads one to the other.
const dark = matchMedia('(prefers-color-scheme: dark)')

function follow() {
  document.documentElement.dataset.bsTheme = dark.matches ? 'dark' : 'light'
}

dark.addEventListener('change', follow)
follow()
