"""The contrast of text and what is behind it, as WCAG defines it, measured in the browser."""

CONTRAST = """selector => {
    const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
    const rgba = color => {
        brush.clearRect(0, 0, 1, 1); brush.fillStyle = color; brush.fillRect(0, 0, 1, 1)
        return [...brush.getImageData(0, 0, 1, 1).data]
    }
    const light = rgb => rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
    const above = node => node.parentElement ?? node.getRootNode().host
    const all = root => [...root.querySelectorAll(selector),
        ...[...root.querySelectorAll("*")].flatMap(node => node.shadowRoot ? all(node.shadowRoot) : [])]
    const ground = node => {
        const color = rgba(getComputedStyle(node).backgroundColor)
        return color[3] == 255 || !above(node) ? color.slice(0, 3) : ground(above(node))
    }
    const seen = node => node ? getComputedStyle(node).opacity * seen(above(node)) : 1
    return all(document).map(node => {
        const below = ground(node), alpha = seen(node)
        const ink = rgba(getComputedStyle(node).color).slice(0, 3).map((v, i) => v * alpha + below[i] * (1 - alpha))
        const [low, high] = [light(ink), light(below)].sort((a, b) => a - b)
        return (high + .05) / (low + .05)
    })
}"""
