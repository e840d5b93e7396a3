/** The theme: VitePress's own, with what diagrams and wide tables need. */
import theme from 'vitepress/theme'
import './style.css'

export default theme
